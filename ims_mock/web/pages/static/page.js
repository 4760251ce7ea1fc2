// The control page works without this, except for changes: they are requests with JSON to the control API.
"use strict";

const control = document.body.dataset.control;

// Replace the regions of the page that have changed; keep what is open, and the focus.
async function refresh() {
  const response = await fetch(location.href, {headers: {Accept: "text/html"}});
  if (!response.ok) return;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const region of document.querySelectorAll("[data-live], [data-region]")) {
    const next = page.getElementById(region.id);
    const selection = getSelection();
    if (!next || region.dataset.html === next.innerHTML) continue;
    if (!selection.isCollapsed && region.contains(selection.anchorNode)) continue;
    region.dataset.html = next.innerHTML;
    for (const open of region.querySelectorAll("details[open]")) {
      const same = next.querySelector("#" + CSS.escape(open.id));
      if (same) same.open = true;
    }
    const focused = region.contains(document.activeElement) && document.activeElement;
    const index = focused && [...region.querySelectorAll("a, button, summary")].indexOf(focused);
    region.replaceChildren(...next.childNodes);
    prepare(region);
    if (focused) region.querySelectorAll("a, button, summary")[index]?.focus();
  }
}

function body(form) {
  const value = {};
  for (const input of form.querySelectorAll("[name]")) {
    const text = input.value.trim();
    if (input.type === "checkbox" ? !input.checked : !text) continue;
    const names = input.name.split(".");
    const last = names.pop();
    const target = names.reduce((part, name) => (part[name] ??= {}), value);
    target[last] = input.type === "checkbox" ? true : parsed(text, input.dataset.kind);
  }
  if (form.dataset.send === "POST faults") value.effect ??= {};
  return JSON.stringify(value);
}

// What should be JSON but is not is sent as a text, and the control API says what is wrong with it.
function parsed(text, kind) {
  if (kind !== "json") return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

async function send(element, json) {
  const [method, path] = element.dataset.send.split(" ");
  const alert = (element.closest("form, section, tr, main") ?? document).querySelector("[role=alert]") ?? banner();
  const output = element.querySelector("[data-response]");
  alert.textContent = "";
  if (output) output.hidden = true;
  const headers = json ? {"Content-Type": "application/json"} : {};
  try {
    const response = await fetch(control + path, {method, headers, body: json});
    const answer = response.status === 204 ? null : await response.json();
    if (!response.ok) alert.textContent = answer.error.message;
    else if (element.matches("form")) {
      if (output) [output.hidden, output.textContent] = [false, JSON.stringify(answer, null, 2)];
      element.reset();
    }
    await refresh();
  } catch (error) {
    alert.textContent = `The server does not answer: ${error.message}`;
  }
}

function banner() {
  const found = document.querySelector("#main > [role=alert]") ?? document.createElement("p");
  found.setAttribute("role", "alert");
  document.getElementById("main").prepend(found);
  return found;
}

function prepare(root) {
  for (const one of root.querySelectorAll("[data-copy], .live")) one.hidden = false;
}

document.documentElement.classList.add("scripted");
prepare(document);
for (const region of document.querySelectorAll("[data-live], [data-region]")) region.dataset.html = region.innerHTML;

document.addEventListener("submit", (event) => {
  if (!event.target.dataset.send) return;
  event.preventDefault();
  send(event.target, body(event.target));
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button");
  if (button?.dataset.send && (!button.dataset.confirm || confirm(button.dataset.confirm))) {
    send(button, button.dataset.body);
  } else if (button && "copy" in button.dataset) {
    const text = button.parentElement.querySelector("pre");
    getSelection().selectAllChildren(text);
    await navigator.clipboard?.writeText(text.textContent);
    button.textContent = navigator.clipboard ? "Copied" : "Selected"; // pages without HTTPS have no clipboard
  }
});

const live = document.querySelector("[data-live]");
if (live) {
  const poll = async () => {
    if (!document.hidden && document.getElementById("live")?.checked !== false) await refresh().catch(() => {});
    setTimeout(poll, Number(live.dataset.live));
  };
  setTimeout(poll, Number(live.dataset.live));
}
