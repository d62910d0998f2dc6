/** Basic credentials (RFC 7617): the header, and the texts that no error may repeat. */
export function basicCredentials(
  username: string,
  password: string,
): { authorization: string; secrets: string[] } {
  const encoded = Buffer.from(`${username}:${password}`).toString("base64");
  return {
    authorization: `Basic ${encoded}`,
    secrets: [encoded, encodeURIComponent(password), password, username],
  };
}
