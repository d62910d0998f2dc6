/**
 * A certificate for `hooks.example.com` and its key, signed by itself and good for nothing but these tests: a server can
 * show it, and a client that is given it as an authority can tell it from any other.
 */
export const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgvUOFRzAeCrhbtWHM
3OmEGZLDfkI/ncLeCx5ZGS5GGSihRANCAAT3igLF7o5PYXLKWSbV+/bI/2EQFpfQ
DTsb74GmmWmD9qMIeHYj5z66M5D0M/5kSEIqzDqZvAQZxcncbURwLKYp
-----END PRIVATE KEY-----
`;

export const cert = `-----BEGIN CERTIFICATE-----
MIIBeTCCAR+gAwIBAgIBATAKBggqhkjOPQQDAjAcMRowGAYDVQQDDBFob29rcy5l
eGFtcGxlLmNvbTAgFw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAwMFowHDEa
MBgGA1UEAwwRaG9va3MuZXhhbXBsZS5jb20wWTATBgcqhkjOPQIBBggqhkjOPQMB
BwNCAAT3igLF7o5PYXLKWSbV+/bI/2EQFpfQDTsb74GmmWmD9qMIeHYj5z66M5D0
M/5kSEIqzDqZvAQZxcncbURwLKYpo1AwTjAPBgNVHRMBAf8EBTADAQH/MBwGA1Ud
EQQVMBOCEWhvb2tzLmV4YW1wbGUuY29tMB0GA1UdDgQWBBQKHCYEewZBKtB+FUWg
jniKwfkiSDAKBggqhkjOPQQDAgNIADBFAiA6iytj4GkO/9KfzJFQOLbO5+2fzEPJ
4c5RpUINUMV2xQIhAOsi48zzglKMsv5xZP0Myky8aEY8MrWGK83UUlJAx61Q
-----END CERTIFICATE-----
`;
