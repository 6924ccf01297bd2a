// Additions only: every page of the desk does the same without this file.
"use strict";

// Keys: j and k walk the list, enter opens (the browser's own), unless someone is typing.
(() => {
  if (!document.querySelector("[data-walk]")) return;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest("input, select, textarea")) return;
    const step = { j: 1, k: -1 }[event.key];
    // Looked for anew each time: the list may have been refreshed.
    const links = [...document.querySelectorAll("[data-walk] > li > a, [data-walk] > li > h2 > a")];
    if (!step || !links.length) return;
    const here = links.indexOf(document.activeElement);
    const current = here >= 0 ? here : links.findIndex((link) => link.hasAttribute("aria-current"));
    const next = current < 0 ? (step > 0 ? 0 : links.length - 1) : Math.min(Math.max(current + step, 0), links.length - 1);
    links[next].focus();
    event.preventDefault();
  });
})();

// Digits choose from a numbered list; a form taken in at the counter begins in its first field; receipts are printed.
(() => {
  const numbered = document.querySelector("[data-digits]");
  if (numbered) {
    const links = [...numbered.querySelectorAll("a")];
    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest("input, select, textarea")) return;
      links[Number(event.key) - 1]?.click();
    });
  }
  if (!document.getElementById("errors")) document.querySelector("form[data-first]")?.querySelector("input:not([type=hidden]), textarea, select")?.focus();
  const print = document.querySelector("[data-print]");
  if (print) {
    print.hidden = false;
    print.addEventListener("click", () => window.print());
  }
})();

// After a refusal the summary is read first.
document.getElementById("errors")?.focus();

// The drop zone: the whole page takes files, and says what it took.
(() => {
  const form = document.querySelector("form[data-upload]");
  if (!form) return;
  const input = form.querySelector("input[type=file]");
  const zone = form.querySelector(".drop");
  const chosen = form.querySelector("[data-chosen]");
  const words = form.dataset;
  const tell = () => {
    const names = [...input.files].map((file) => file.name);
    chosen.textContent = names.length ? `${words.chosen} ${names.join(", ")}` : "";
  };
  input.addEventListener("change", tell);
  const over = (on) => zone.classList.toggle("drop--over", on);
  document.addEventListener("dragover", (event) => { event.preventDefault(); over(true); });
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) over(false); });
  document.addEventListener("drop", (event) => {
    over(false);
    if (event.target === input) return;
    event.preventDefault();
    if (event.dataTransfer.files.length) { input.files = event.dataTransfer.files; tell(); }
  });

  // Progress of the sending itself, in words; the answer is the same page as without the script.
  form.addEventListener("submit", (event) => {
    const size = [...input.files].reduce((sum, file) => sum + file.size, 0);
    if (!size) return;
    event.preventDefault();
    const place = form.querySelector("[data-progress]");
    const bar = place.querySelector("progress");
    const line = place.querySelector("[data-line]");
    place.hidden = false;
    form.querySelector("button[type=submit]").disabled = true;
    const request = new XMLHttpRequest();
    request.upload.addEventListener("progress", (sent) => {
      bar.max = sent.total; bar.value = sent.loaded;
      const percent = Math.round((100 * sent.loaded) / sent.total);
      line.textContent = percent < 100 ? `${words.sending} ${percent} %` : words.reading;
    });
    request.addEventListener("load", () => {
      if (request.responseURL) history.replaceState(null, "", request.responseURL);
      document.open();
      document.write(request.responseText);
      document.close();
    });
    request.addEventListener("error", () => { line.textContent = words.failed; form.querySelector("button[type=submit]").disabled = false; });
    request.open("POST", form.action || location.href);
    request.send(new FormData(form));
  });
})();

// A job under way: its part of the page is asked for again, and read out when it changes.
(() => {
  const place = document.querySelector("[data-follow]");
  if (!place) return;
  const look = async () => {
    try {
      const answer = await fetch(location.href, { headers: { "X-Requested-With": "follow" } });
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-follow]");
      if (!fresh || fresh.dataset.follow !== place.dataset.follow) { location.reload(); return; }
      const bar = place.querySelector("progress");
      const next = fresh.querySelector("progress");
      if (bar && next && next.hasAttribute("value")) { bar.max = next.max; bar.value = next.value; }
      const line = place.querySelector("[data-line]");
      const said = fresh.querySelector("[data-line]");
      if (line && said && line.textContent !== said.textContent) line.textContent = said.textContent;
    } catch { /* the service is away for a moment: look again */ }
    setTimeout(look, 1500);
  };
  setTimeout(look, 1500);
})();

// What is wrong now: the list, its sentence and the map are asked for again, never while someone types or is choosing.
(() => {
  if (!document.querySelector("[data-refresh]")) return;
  const busy = () => document.hidden || document.activeElement?.closest("input, select, textarea, summary, button");
  const put = (fresh) => {
    for (const part of document.querySelectorAll("[data-refresh]")) {
      const next = fresh.querySelector(`[data-refresh="${part.dataset.refresh}"]`);
      if (!next || next.innerHTML === part.innerHTML) continue;
      const here = part.contains(document.activeElement) && document.activeElement.getAttribute("href");
      part.replaceChildren(...next.childNodes);
      if (here) [...part.querySelectorAll("a")].find((link) => link.getAttribute("href") === here)?.focus();
    }
  };
  const look = async () => {
    try {
      if (!busy()) {
        const answer = await fetch(location.href, { headers: { "X-Requested-With": "refresh" } });
        if (answer.ok && !answer.redirected) put(new DOMParser().parseFromString(await answer.text(), "text/html"));
      }
    } catch { /* the service is away for a moment: look again */ }
    setTimeout(look, 20000);
  };
  setTimeout(look, 20000);
})();
