/** Self-signed, for `localhost`, valid whatever a machine's clock says. It protects nothing: the key is here for everybody to see. */
export const testCertificate = `-----BEGIN CERTIFICATE-----
MIIBdDCCARqgAwIBAgIUD62UdQlZyzcdL3uJS/6TA+1RsYQwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTAwMDEwMTAwMDAwMFoYDzIxMjYwMTAx
MDAwMDAwWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQJxka8Eij5BCuub06ImGhXzOb/M50nI6Ij+lHrzqzV4APndoApAxla
g3JldSY+DKphhSWb85OLWY4CVWNPJoGdo0gwRjAPBgNVHRMBAf8EBTADAQH/MBQG
A1UdEQQNMAuCCWxvY2FsaG9zdDAdBgNVHQ4EFgQUbWYmuC3DMo1Q5r+VlS/P8tgf
KwwwCgYIKoZIzj0EAwIDSAAwRQIhAONTBjD8AOGiZpZe7N7Y8Tcn8n+IcoPBTSYa
XspU5BBYAiASiq6kDNvzMULoUq2xE/1WeD0qeRB0S5LYmpoEpilw2g==
-----END CERTIFICATE-----
`

export const testCertificateKey = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgKQw/aDbc/fcZmjg3
sJD8cOUhVVGoeABzUG6TNGn1SrehRANCAAQJxka8Eij5BCuub06ImGhXzOb/M50n
I6Ij+lHrzqzV4APndoApAxlag3JldSY+DKphhSWb85OLWY4CVWNPJoGd
-----END PRIVATE KEY-----
`
