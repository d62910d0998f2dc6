/** The Basic credentials of a webhook. */
export type Credentials = { username: string; password: string };
