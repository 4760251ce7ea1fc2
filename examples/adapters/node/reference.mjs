// Reference adapter: reads the list with fetch(), as an SDK would.
import { setTimeout as sleep } from "node:timers/promises";
import { serve } from "./protocol.mjs";

const ATTEMPTS = 3;
const LONGEST_WAIT = 5000;

serve(async (service, query) => {
  let url = `${service.url}/v2/images?${encoded(query)}`;
  const ids = new Set(); // keeps the order
  for (const pages = new Set(); !pages.has(url); ) {
    pages.add(url);
    const page = JSON.parse(await get(url, service.token)); // an empty, cut or other body is an error
    if (!Array.isArray(page?.images)) throw new Error("the response is no list of images");
    for (const image of page.images) ids.add(image.id);
    if (!page.next) return [...ids];
    url = new URL(page.next, url).href;
  }
  throw new Error("the links to the next page lead back to an earlier one");
});

/** Returns the query string, with one pair for each value of a list. */
function encoded(query) {
  const pairs = Object.entries(query).flatMap(([name, value]) => [value].flat().map((one) => [name, one]));
  return pairs.map((pair) => pair.map(encodeURIComponent).join("=")).join("&");
}

/** Returns the body of a response. Tries again if the service is busy or the connection breaks. */
async function get(url, token) {
  for (let attempt = 1; ; attempt++) {
    let wait = attempt * 100;
    let error;
    try {
      const response = await fetch(url, { headers: { "X-Auth-Token": token }, redirect: "manual", signal: AbortSignal.timeout(20_000) });
      const body = await response.text();
      if (response.status === 200) return body;
      error = failure(response.status, body);
      if (![429, 503].includes(response.status)) attempt = ATTEMPTS;
      wait = Number(response.headers.get("Retry-After")) * 1000 || wait;
    } catch (noResponse) {
      error = noResponse;
    }
    if (attempt >= ATTEMPTS || wait > LONGEST_WAIT) throw error;
    await sleep(wait);
  }
}

/** Returns the error of a response: `error_code` comes from the API gateway, `error.code` from the service. */
function failure(status, body) {
  let parsed;
  try {
    parsed = JSON.parse(body);
  } catch {
    parsed = {}; // a proxy answers with HTML
  }
  const { error_code: code = parsed?.error?.code, error_msg: message = parsed?.error?.message ?? body } = parsed ?? {};
  return Object.assign(new Error(message), { status, code });
}
