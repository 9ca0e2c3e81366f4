// Signs each request that comes as a line of JSON, and answers with its headers as another.
import { createHash, createHmac } from "node:crypto";
import { createInterface } from "node:readline";
import { SignatureV4 } from "@smithy/signature-v4";
import aws4 from "aws4";

class Sha256 {
  constructor(secret) {
    this.hash = secret === undefined ? createHash("sha256") : createHmac("sha256", secret);
  }
  update(data) {
    this.hash.update(data);
  }
  async digest() {
    return new Uint8Array(this.hash.digest());
  }
}

// What it signs is an object of decoded names and values, as users of the SDK have it.
function parsed(query) {
  const found = {};
  for (const part of query ? query.split("&") : []) {
    const [name, value = ""] = part.split(/=(.*)/s).map(decodeURIComponent);
    (found[name] ??= []).push(value);
  }
  return found;
}

const signers = {
  async smithy({ method, host, path, query, headers, body, credentials, region, epoch }) {
    const signer = new SignatureV4({ credentials, region, service: "execute-api", sha256: Sha256, applyChecksum: false });
    const request = { method, protocol: "https:", hostname: host, path, query: parsed(query), headers: { ...headers, host }, body };
    return (await signer.sign(request, { signingDate: new Date(epoch * 1000) })).headers;
  },
  async aws4({ method, host, path, query, headers, body, credentials, region, epoch }) {
    const now = new Date(epoch * 1000).toISOString().replace(/[:-]|\.\d{3}/g, "");
    const target = query ? `${path}?${query}` : path;
    const request = { method, path: target, headers: { ...headers, Host: host, "X-Amz-Date": now }, body, service: "execute-api", region };
    return aws4.sign(request, credentials).headers;
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  const body = Buffer.from(request.body, "base64");
  const headers = await signers[request.signer]({ ...request, body });
  process.stdout.write(`${JSON.stringify(headers)}\n`);
}
