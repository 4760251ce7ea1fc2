// Reference adapter: reads the list with fetch() and follows `next`.
import { serve } from "./protocol.mjs";

serve(async (service, query) => {
  const ids = [];
  let url = `${service.url}/v2/images?${encoded(query)}`;
  while (url) {
    const page = await read(url, service.token);
    ids.push(...page.images.map((image) => image.id));
    url = page.next && new URL(page.next, url);
  }
  return ids;
});

/** The query string, with one pair for each value of a list. */
function encoded(query) {
  const pairs = Object.entries(query).flatMap(([name, value]) => [value].flat().map((one) => [name, one]));
  return pairs.map((pair) => pair.map(encodeURIComponent).join("=")).join("&");
}

/** Requests a page. Anything but a complete page is an error: fetch() itself reports only failed connections. */
async function read(url, token) {
  const response = await fetch(url, { headers: { "X-Auth-Token": token }, redirect: "manual" });
  const text = await response.text();
  if (response.status !== 200) throw failure(response, text);
  const page = JSON.parse(text);
  if (!Array.isArray(page?.images)) throw new Error(`a page without images: ${text.slice(0, 200)}`);
  return page;
}

/** The error of a response: `error_code` comes from the API gateway, `error.code` from the service. */
function failure(response, text) {
  let body;
  try {
    body = JSON.parse(text);
  } catch {
    body = {}; // a proxy answers with HTML
  }
  const { error_code: code = body?.error?.code, error_msg: message = body?.error?.message } = body ?? {};
  const error = new Error(message ?? `HTTP status ${response.status}: ${text.slice(0, 200)}`);
  return Object.assign(error, { status: response.status, code });
}
