// A contract test in Node: the list is complete, and a failing page is an error.
import assert from "node:assert/strict";
import { test } from "node:test";

const url = process.env.IMS_MOCK_URL ?? "http://127.0.0.1:9292";

async function listImages(base, query) {
  const images = [];
  let target = `/v2/images?${new URLSearchParams(query)}`;
  while (target) {
    const response = await fetch(base + target);
    if (!response.ok) throw new Error(`status ${response.status}`);
    const page = await response.json();
    images.push(...page.images);
    target = page.next;
  }
  return images;
}

// Each test has a sandbox of its own on the shared server.
async function sandbox() {
  const response = await fetch(`${url}/_ims/sandboxes`, { method: "POST" });
  return (await response.json()).url;
}

test("all pages are read", async () => {
  const images = await listImages(await sandbox(), { limit: "10" });
  assert.equal(images.length, 41);
});

test("a failing page is an error", async () => {
  const base = await sandbox();
  await fetch(`${base}/_ims/faults`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ match: { page: 2 }, effect: { status: 503 } }),
  });
  await assert.rejects(listImages(base, { limit: "10" }), /503/);
});
