// Shows /docs/openapi.json. Everything is put in as text, never as markup.
"use strict";

const METHODS = ["get", "post", "patch", "put", "delete"];

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children.filter((child) => child !== null));
  return made;
}

function resolve(spec, node) {
  while (node && node.$ref) {
    node = node.$ref.split("/").slice(1).reduce((at, part) => at[part], spec);
  }
  return node || {};
}

function typeName(spec, schema) {
  const choices = schema.anyOf || schema.allOf;
  if (choices) return choices.map((one) => typeName(spec, one)).join(" or ");
  const found = resolve(spec, schema);
  const type = [].concat(found.type || "any").join(" or ");
  if (found.type === "array") return `list of ${typeName(spec, found.items || {})}`;
  return found.format ? `${type} (${found.format})` : type;
}

function limits(schema) {
  const words = {
    enum: (value) => `one of ${value.filter((one) => one !== null).join(", ")}`,
    minLength: (value) => `at least ${value} characters`,
    maxLength: (value) => `at most ${value} characters`,
    minimum: (value) => `from ${value}`,
    maximum: (value) => `up to ${value}`,
    maxItems: (value) => `at most ${value} items`,
    default: (value) => (value === null ? "" : `default ${JSON.stringify(value)}`),
  };
  return Object.keys(words)
    .filter((name) => schema[name] !== undefined)
    .map((name) => words[name](schema[name]))
    .filter(Boolean);
}

function nested(spec, schema) {
  const candidates = [schema, ...(schema.anyOf || []), ...(schema.allOf || [])];
  for (const candidate of candidates) {
    const found = resolve(spec, candidate);
    if (found.properties) return found;
    if (found.items) {
      const inner = resolve(spec, found.items);
      if (inner.properties) return inner;
    }
  }
  return null;
}

function schemaTable(spec, schema, depth = 0) {
  const shape = nested(spec, schema);
  if (!shape || depth > 5) return element("p", { className: "quiet" }, typeName(spec, schema));
  const rows = Object.entries(shape.properties).map(([name, field]) => {
    const resolved = { ...resolve(spec, field), ...field };
    const required = (shape.required || []).includes(name);
    const said = [resolved.description, ...limits(resolved)].filter(Boolean).join("; ");
    const deeper = nested(spec, field)
      ? element("details", {}, element("summary", {}, "fields"), schemaTable(spec, field, depth + 1))
      : null;
    return element(
      "tr", {},
      element("td", {}, element("code", {}, name + (required ? " *" : ""))),
      element("td", {}, typeName(spec, field)),
      element("td", {}, said, deeper),
    );
  });
  return element("table", {}, element("tbody", {}, ...rows));
}

function parameterTable(spec, parameters) {
  const rows = parameters.map((parameter) =>
    element(
      "tr", {},
      element("td", {}, element("code", {}, parameter.name + (parameter.required ? " *" : ""))),
      element("td", {}, parameter.in),
      element("td", {}, typeName(spec, parameter.schema || {})),
      element("td", {}, [parameter.description, ...limits(resolve(spec, parameter.schema))]
        .filter(Boolean).join("; ")),
    ));
  return element("table", {}, element("tbody", {}, ...rows));
}

function answers(spec, responses) {
  return Object.entries(responses).map(([status, reference]) => {
    const response = resolve(spec, reference);
    const content = Object.entries(response.content || {});
    return element(
      "details", {},
      element("summary", {}, element("code", {}, status), ` ${response.description || ""}`),
      ...content.map(([type, media]) =>
        element("div", {}, element("p", { className: "quiet" }, type),
          schemaTable(spec, media.schema || {}))),
    );
  });
}

function tryIt(path, parameters) {
  const fields = parameters
    .filter((parameter) => parameter.in !== "header")
    .map((parameter) => ({ parameter, input: element("input", { ariaLabel: parameter.name }) }));
  const output = element("pre", { hidden: true });
  const send = element("button", { type: "submit" }, "Send");
  const form = element(
    "form", { autocomplete: "off" },
    ...fields.map(({ parameter, input }) => element("label", {}, parameter.name, input)),
    send, output,
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const query = new URLSearchParams();
    let address = path;
    for (const { parameter, input } of fields) {
      if (parameter.in === "path") {
        address = address.replace(`{${parameter.name}}`, encodeURIComponent(input.value));
      } else if (input.value !== "") query.set(parameter.name, input.value);
    }
    const key = document.getElementById("key").value.trim();
    output.hidden = false;
    output.textContent = "…";
    try {
      const answer = await fetch(query.size ? `${address}?${query}` : address, {
        headers: key ? { Authorization: `Bearer ${key}` } : {},
        credentials: "omit",
      });
      const text = await answer.text();
      let shown = text;
      try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch { /* not JSON */ }
      output.textContent = `${answer.status} ${answer.statusText}\n\n${shown}`;
    } catch {
      output.textContent = "The server could not be reached.";
    }
  });
  return element("details", {}, element("summary", {}, "Try it"), form);
}

function operationSection(spec, path, method, operation, shared) {
  const parameters = [...(shared || []), ...(operation.parameters || [])]
    .map((parameter) => resolve(spec, parameter));
  const scopes = operation["x-scopes"] || [];
  const section = element(
    "section", { id: operation.operationId },
    element("h2", {}, element("span", { className: `method ${method}` }, method.toUpperCase()),
      element("code", {}, path)),
    element("p", {}, [operation.summary, operation.description].filter(Boolean).join(". ")),
    element("p", { className: "quiet" },
      scopes.length ? `Scope: ${scopes.join(", ")}` : "No API key"),
  );
  if (parameters.length) {
    section.append(element("h3", {}, "Parameters"), parameterTable(spec, parameters));
  }
  const bodies = Object.entries((operation.requestBody || {}).content || {});
  for (const [type, media] of bodies) {
    section.append(element("h3", {}, `Body (${type})`), schemaTable(spec, media.schema || {}));
    if (media.example) {
      section.append(element("pre", {}, JSON.stringify(media.example, null, 2)));
    }
  }
  section.append(element("h3", {}, "Answers"), ...answers(spec, operation.responses));
  if (method === "get") section.append(tryIt(path, parameters));
  return section;
}

function show(spec) {
  document.getElementById("description").textContent = spec.info.description || "";
  const contents = document.getElementById("contents");
  const main = document.getElementById("operations");
  for (const tag of spec.tags || []) {
    contents.append(element("li", { className: "group" }, tag.name));
    for (const [path, item] of Object.entries(spec.paths)) {
      for (const method of METHODS.filter((one) => item[one] && item[one].tags[0] === tag.name)) {
        const operation = item[method];
        contents.append(element("li", {},
          element("a", { href: `#${operation.operationId}` }, operation.summary)));
        main.append(operationSection(spec, path, method, operation, item.parameters));
      }
    }
  }
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

fetch("/docs/openapi.json", { credentials: "omit" })
  .then((answer) => answer.json())
  .then(show)
  .catch(() => {
    document.getElementById("description").textContent = "The description could not be loaded.";
  });
