// The page to try Hopdesk. All text from the server is put in as text, never as HTML.

const at = (id) => document.getElementById(id);
const thread = at("thread");
const FAILED = "The server cannot be reached. Check that it is running, then try again.";
const KINDS = {
  answer: "Answer", clarify: "Question back", decline: "Declined", handoff: "Handed over", withdrawn: "Withdrawn",
  error: "Not accepted",
};
let caseId = null;
let asking = false;

/** An element with properties and children; strings become text nodes. */
function make(tag, properties = {}, ...children) {
  const { data = {}, ...rest } = properties;
  const element = Object.assign(document.createElement(tag), rest);
  Object.assign(element.dataset, data);
  element.append(...children.filter((child) => child !== null && child !== ""));
  return element;
}

function show(element) {
  at("empty").hidden = true;
  document.body.classList.add("started");
  thread.append(element);
  // the question stays in sight above a long answer
  (Array.from(thread.querySelectorAll(".asked")).at(-1) ?? element).scrollIntoView({ block: "start" });
}

function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Lock what a new turn replaces: the composer while asking, and the choices and forms of earlier replies. */
function setAsking(now) {
  asking = now;
  at("send").disabled = now;
  for (const button of at("examples").children) button.disabled = now;
  if (now) for (const control of thread.querySelectorAll("button, input, fieldset")) control.disabled = true;
}

async function ask(part, shown) {
  if (asking) return;
  const page = at("page");
  const about = page.value ? `on the page of ${page.selectedOptions[0].text}` : "";
  show(make("div", { className: "asked" }, shown, about && make("small", {}, about)));
  const body = { site: at("site").value, ...part };
  if (caseId) body.case_id = caseId;
  if (page.value) body.page_product = page.value;
  await send(body, newKey());
}

/** Send one request; a second try has the same key, so that it cannot be answered twice. */
async function send(body, key) {
  setAsking(true);
  const waiting = make("div", { className: "waiting" }, make("i"), make("i"), make("i"),
    make("span", { className: "unseen" }, "Looking it up"));
  show(waiting);
  try {
    const response = await fetch("/v1/requests", {
      method: "POST",
      headers: { "Content-Type": "application/json", "Idempotency-Key": key },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(70_000),
    });
    const reply = await response.json();
    waiting.remove();
    if (response.ok) {
      caseId = reply.case_id;
      show(replyOf(reply));
    } else {
      show(errorOf(reply.error.message, ...wayOut(response.status, reply.error.code, body, key)));
    }
  } catch {
    waiting.remove();
    show(errorOf(FAILED, "Try again", () => send(body, key)));
  } finally {
    setAsking(false);
    if (!thread.lastElementChild.querySelector("input")) at("text").focus({ preventScroll: true });
  }
}

/** What to offer after a refusal: a label and what it does, or nothing. */
function wayOut(status, code, body, key) {
  if (status === 503) return ["Try again", () => send(body, key)];
  if (code === "case_closed" || code === "unknown_case") return ["Start a new case", restart];
  return [];
}

function errorOf(message, label, act) {
  const reply = make("div", { className: "reply", data: { kind: "error" } }, kindOf("error"), make("p", { className: "said" }, message));
  if (act) reply.append(make("div", { className: "choices" }, make("button", { type: "button", onclick: act }, label)));
  return reply;
}

function kindOf(kind, reason) {
  return make("div", { className: "kind" }, make("b", {}, KINDS[kind]), reason ? reason.replaceAll("_", " ") : "");
}

function replyOf({ turn_id, case_id, outcome, notices }) {
  const said = make("div", { className: "said" });
  for (const part of outcome.parts) {
    for (const sentence of part.sentences) said.append(make("p", sentence.polarity === "plain" ? {} : { data: { polarity: sentence.polarity } }, sentence.text));
  }
  if (outcome.text) said.append(make("p", {}, outcome.text));
  if (outcome.kind === "withdrawn") said.append(make("p", {}, "A newer request took the place of this one."));
  return make("div", { className: "reply", data: { kind: outcome.kind } },
    kindOf(outcome.kind, outcome.reason),
    said.childElementCount ? said : null,
    outcome.products.length ? make("ul", { className: "cards" }, ...outcome.products.map(cardOf)) : null,
    outcome.choices.length ? make("div", { className: "choices" }, ...outcome.choices.map(choiceOf)) : null,
    outcome.form ? orderForm() : null,
    ...notices.map((notice) => make("p", { className: "stock" }, notice)),
    make("details", {}, make("summary", {}, "Reply as JSON"),
      make("pre", { tabIndex: 0 }, JSON.stringify({ turn_id, case_id, outcome, notices }, null, 2))),
  );
}

function cardOf(product) {
  const url = webAddress(product.url);
  const name = url ? make("a", { href: url, rel: "noopener noreferrer", target: "_blank" }, product.name) : product.name;
  const stock = product.in_stock === null ? null
    : make("span", { className: `stock ${product.in_stock ? "yes" : "no"}` }, product.in_stock ? "in stock" : "out of stock");
  const details = product.details.flatMap(({ label, value }) => [make("dt", {}, label), make("dd", {}, value)]);
  return make("li", { className: "card" },
    make("div", { className: "name" }, name),
    make("div", { className: "offer" }, make("span", { className: "price" }, product.price ?? ""), stock),
    details.length ? make("dl", {}, ...details) : null,
    make("div", { className: "sku" }, product.sku),
  );
}

/** A whole http(s) address, or null: a catalog's relative links lead into the shop and not to this page. */
function webAddress(url) {
  return url && URL.canParse(url) && /^https?:$/.test(new URL(url).protocol) ? url : null;
}

function choiceOf({ id, label }) {
  return make("button", { type: "button", onclick: () => ask({ choice: id }, label) }, label);
}

function orderForm() {
  const number = make("input", { id: `number-${newKey()}`, required: true, maxLength: 60, autocomplete: "off" });
  const email = make("input", { id: `email-${newKey()}`, type: "email", required: true, maxLength: 254, autocomplete: "email" });
  const field = (label, input) => make("div", { className: "field" }, make("label", { htmlFor: input.id }, label), input);
  const form = make("form", {}, make("fieldset", { className: "order" },
    make("legend", {}, "Your order"),
    field("Order number", number), field("E-mail address", email), make("button", { className: "send" }, "Send")));
  form.onsubmit = (event) => {
    event.preventDefault();
    const filled = { order_number: number.value.trim(), email: email.value.trim() };
    ask({ form: filled }, `${filled.order_number}, ${filled.email}`);
  };
  queueMicrotask(() => number.focus());
  return form;
}

function restart() {
  caseId = null;
  thread.replaceChildren(at("empty"));
  at("empty").hidden = false;
  document.body.classList.remove("started");
  at("text").focus();
}

async function openSite(site) {
  restart();
  at("shop").textContent = at("shop-name").textContent = site.name;
  at("try").hidden = !site.examples.length;
  at("examples").replaceChildren(...site.examples.map((text) => make("button", { type: "button", onclick: () => ask({ text }, text) }, text)));
  const { products } = await (await fetch(`/v1/products?site=${encodeURIComponent(site.id)}`)).json();
  at("page").replaceChildren(make("option", { value: "" }, "none"), ...products.map(({ sku, name }) => make("option", { value: sku }, name)));
}

async function start() {
  const { sites } = await (await fetch("/v1/sites")).json();
  at("site").replaceChildren(...sites.map(({ id, name }) => make("option", { value: id }, name)));
  at("site-field").hidden = sites.length < 2;
  at("site").onchange = () => openSite(sites[at("site").selectedIndex]);
  await openSite(sites[0]);
}

at("restart").onclick = restart;
at("composer").onsubmit = (event) => {
  event.preventDefault();
  const text = at("text").value.trim();
  if (!text || asking) return;
  at("text").value = "";
  ask({ text }, text);
};
at("text").onkeydown = (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    at("composer").requestSubmit();
  }
};
start().catch(() => show(errorOf(FAILED, "Try again", () => location.reload())));
