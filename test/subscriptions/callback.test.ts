import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { InvalidInput } from "../../shared/core/errors.ts";
import { reachOf } from "../../shared/subscriptions/address.ts";
import { MAX_URL_LENGTH, maskCallback, readCallback } from "../../shared/subscriptions/callback.ts";

const strict = { allowLoopback: false };
const local = { allowLoopback: true };

const PRIVATE = [
  // IPv4 in every notation that resolves to it
  "https://10.0.0.1/",
  "https://10.255.255.254/",
  "https://172.16.0.1/",
  "https://172.31.255.254/",
  "https://192.168.0.1/",
  "https://169.254.169.254/latest/meta-data/",
  "https://2852039166/",
  "https://0xa9fea9fe/",
  "https://0251.0376.0251.0376/",
  "https://169.16689662/",
  "https://100.64.0.1/",
  "https://100.100.100.200/",
  "https://168.63.129.16/machine?comp=goalstate",
  "https://0.0.0.0/",
  "https://0/",
  "https://255.255.255.255/",
  "https://224.0.0.1/",
  "https://239.255.255.255/",
  "https://240.0.0.1/",
  "https://192.0.0.192/",
  "https://192.0.2.1/",
  "https://198.18.0.1/",
  "https://198.51.100.1/",
  "https://203.0.113.1/",
  "https://192.88.99.1/",
  "https://１０.0.0.1/".normalize("NFKC"),
  // IPv6, also with IPv4 inside
  "https://[::]/",
  "https://[fe80::1]/",
  "https://[febf::1]/",
  "https://[fc00::1]/",
  "https://[fd00:ec2::254]/",
  "https://[fec0::1]/",
  "https://[ff02::1]/",
  "https://[::ffff:10.0.0.1]/",
  "https://[::ffff:a9fe:a9fe]/",
  "https://[::ffff:0:10.0.0.1]/",
  "https://[::10.0.0.1]/",
  "https://[64:ff9b::10.0.0.1]/",
  "https://[64:ff9b:1::1]/",
  "https://[2002:a00:1::]/",
  "https://[2001::1]/",
  "https://[2001:db8::1]/",
  "https://[3fff::1]/",
  "https://[100::1]/",
  "https://[4000::1]/",
  "https://[5f00::1]/",
  // deceptive spellings
  "https://example.com@10.0.0.1/",
  "https://example.com:443@10.0.0.1/",
  "https://user:secret@192.168.1.1/hook",
  "https://10.0.0.1./",
  "https://10.0.0.1:8443/",
];

const LOOPBACK = [
  "https://127.0.0.1/",
  "https://127.255.255.254/",
  "https://2130706433/",
  "https://0x7f000001/",
  "https://0x7f.1/",
  "https://0177.0.0.1/",
  "https://017700000001/",
  "https://127.1/",
  "https://127.0.0.1./",
  "https://[::1]/",
  "https://[0:0:0:0:0:0:0:1]/",
  "https://[::ffff:127.0.0.1]/",
  "https://[::ffff:7f00:1]/",
  "https://localhost/",
  "https://LOCALHOST./",
  "https://api.localhost/",
  "http://127.0.0.1:8080/",
];

const NAMES = [
  "https://intranet/",
  "https://metadata/computeMetadata/v1/",
  "https://metadata.google.internal/",
  "https://printer.local/",
  "https://router.home.arpa/",
  "https://hidden.onion/",
];

const NOT_URLS = [
  "",
  "hook",
  "/hook",
  "//example.com/hook",
  "https:",
  "https://",
  "https:example.com",
  "https:/example.com",
  "https:///example.com",
  "ftp://example.com/",
  "file:///etc/passwd",
  "javascript:alert(1)",
  "data:text/plain,x",
  "gopher://example.com/",
  "https://exa mple.com/",
  " https://example.com/",
  "https://example.com/\r\nHost: evil",
  "https://example.com/\thook",
  "https://example.com/\u0000",
  "https://example.com\\@10.0.0.1/",
  "https://example.com\\.evil.com/",
  "https://ex%00ample.com/",
  "https://[::1",
  "https://[fe80::1%25eth0]/",
  "https://256.256.256.256/",
  "https://example.com:99999/",
  "https://１２７.０.０.１/",
  `https://example.com/${"x".repeat(MAX_URL_LENGTH)}`,
];

describe("readCallback", () => {
  test.each([...PRIVATE, ...NOT_URLS])("the callback %j is refused, with or without allowLoopback", (url) => {
    expect(() => readCallback(url, strict)).toThrow(InvalidInput);
    expect(() => readCallback(url, local)).toThrow(InvalidInput);
  });

  test.each([...LOOPBACK, ...NAMES, "http://example.com/hook", "http://8.8.8.8/"])(
    "the callback %s is refused without allowLoopback",
    (url) => {
      expect(() => readCallback(url, strict)).toThrow(InvalidInput);
      expect(() => readCallback(url, local)).not.toThrow();
    },
  );

  test("the error of a refused callback has the reason, not the URL", () => {
    const refusal = (url: string) => {
      try {
        readCallback(url, strict);
      } catch (error) {
        return error as InvalidInput;
      }
      throw new Error("it was let in");
    };
    for (const url of ["https://user:hunter2@10.0.0.1/", "http://hunter2.example.com/", "hunter2"]) {
      const { message, problems } = refusal(url);
      expect(message).toMatch(/^url must .*\.$/);
      expect(problems).toEqual([{ path: "url", message }]);
      expect(message).not.toContain("hunter2");
    }
  });
});

test("a private IPv4 address is refused in any notation and inside IPv6", () => {
  const part = fc.integer({ min: 0, max: 255 });
  const privateAddress = fc.oneof(
    fc.tuple(fc.constant(10), part, part, part),
    fc.tuple(fc.constant(172), fc.integer({ min: 16, max: 31 }), part, part),
    fc.tuple(fc.constant(192), fc.constant(168), part, part),
    fc.tuple(fc.constant(169), fc.constant(254), part, part),
    fc.tuple(fc.constant(127), part, part, part),
    fc.tuple(fc.constant(100), fc.integer({ min: 64, max: 127 }), part, part),
  );
  const spell = (number: number, style: number) =>
    [String(number), `0${number.toString(8)}`, `0x${number.toString(16)}`][style % 3] ?? "";
  fc.assert(
    fc.property(
      privateAddress,
      fc.integer({ min: 1, max: 4 }),
      fc.array(fc.nat(2), { minLength: 4, maxLength: 4 }),
      (octets, count, styles) => {
        // With fewer than four numbers, the last one covers the remaining octets: 127.1 is 127.0.0.1.
        const rest = octets.slice(count - 1).reduce((sum, octet) => sum * 256 + octet, 0);
        const host = [...octets.slice(0, count - 1), rest]
          .map((number, index) => spell(number, styles[index] ?? 0))
          .join(".");
        expect(() => readCallback(`https://${host}/`, strict)).toThrow(InvalidInput);
        const hex = octets.map((octet) => octet.toString(16).padStart(2, "0"));
        expect(reachOf(`::ffff:${hex[0]}${hex[1]}:${hex[2]}${hex[3]}`)).not.toBe("public");
        expect(reachOf(`64:ff9b::${octets.join(".")}`)).toBe("private");
        expect(reachOf(`2002:${hex[0]}${hex[1]}:${hex[2]}${hex[3]}::1`)).toBe("private");
      },
    ),
  );
});

test("the path and query of a callback are kept unchanged", () => {
  const path =
    "/workflows/a/../b//triggers/manual/paths/invoke?api-version=2016-10-01&sp=%2Ftriggers%2fmanual&x='|{}&sig=aB-_%7E~";
  expect(readCallback(`https://prod-12.westeurope.logic.azure.com:443${path}`, strict)).toEqual({
    secure: true,
    hostname: "prod-12.westeurope.logic.azure.com",
    port: 443,
    path,
  });
  expect(readCallback("https://Example.com?a=1#fragment", strict)).toMatchObject({
    hostname: "example.com",
    path: "/?a=1",
  });
});

test("maskCallback shows only the host of a callback", () => {
  const url = "https://us'er:pass@hooks.example.com:8443/secret'secret\"secret<secret>?secret'#secret";
  expect(readCallback(url, strict).hostname).toBe("hooks.example.com");
  expect(maskCallback(url)).toBe("https://hooks.example.com:8443/…");
});

test("user and password of a callback URL become the credentials of the request", () => {
  expect(readCallback("https://us%40er:p%3Aw@example.com:8443/hook", strict)).toEqual({
    secure: true,
    hostname: "example.com",
    port: 8443,
    path: "/hook",
    auth: "us@er:p:w",
  });
});

test.each([
  "https://8.8.8.8/",
  "https://[2606:4700:4700::1111]/",
  "https://[::ffff:8.8.8.8]/",
  "https://172.32.0.1/",
])("a callback to the public address %s is accepted", (url) => {
  expect(() => readCallback(url, strict)).not.toThrow();
});
