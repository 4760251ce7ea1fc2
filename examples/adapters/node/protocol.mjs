// The protocol of `ims-mock conformance`: one request per line on stdin, one answer per line on stdout.
import { createInterface } from "node:readline";

/** The SDK has no such parameter. */
export class Unsupported extends Error {}

/** Answers each request with the ids that `listImages(service, query)` resolves to, or with its error. */
export async function serve(listImages) {
  const write = process.stdout.write.bind(process.stdout);
  process.stdout.write = process.stderr.write.bind(process.stderr); // what an SDK prints is no answer
  for await (const line of createInterface({ input: process.stdin })) {
    const { id, service, query } = JSON.parse(line);
    const answer = await listImages(service, query).then((images) => ({ images }), answerOf);
    write(JSON.stringify({ id, ...answer }) + "\n");
  }
}

function answerOf(error) {
  if (error instanceof Unsupported) return { unsupported: error.message };
  console.error(error);
  const { status = null, code = error.cause?.code, message } = error;
  return { error: { status, code: String(code ?? ""), message } };
}
