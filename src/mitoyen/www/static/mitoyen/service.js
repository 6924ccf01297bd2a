// Only additions: a draft that survives a closed page, photos made small before they leave the phone.
"use strict";
(() => {
  const sent = document.querySelector("[data-sent]");
  if (sent) {
    try { localStorage.removeItem("draft-" + sent.dataset.sent); } catch { /* private browsing */ }
  }
  const form = document.querySelector("form[data-draft]");
  if (!form) return;
  const key = "draft-" + form.dataset.draft;
  const kept = (field) => field.name && !["token", "csrfmiddlewaretoken", "website"].includes(field.name) && !field.name.startsWith("photo") && field.type !== "file" && field.type !== "hidden";
  const fields = () => [...form.elements].filter(kept);
  const store = { get: () => { try { return JSON.parse(localStorage.getItem(key) || "null"); } catch { return null; } }, set: (value) => { try { localStorage.setItem(key, JSON.stringify(value)); } catch { /* private browsing */ } } };
  const isChoice = (field) => field.type === "radio" || field.type === "checkbox";
  const save = () => store.set(fields().filter((f) => !isChoice(f) || f.checked).map((f) => [f.name, f.value]));
  const draft = store.get();
  const untouched = fields().every((f) => isChoice(f) ? f.checked === f.defaultChecked : f.value === "");
  if (draft && untouched && !document.querySelector(".error-summary")) {
    for (const field of fields()) {
      const values = draft.filter(([name]) => name === field.name).map(([, value]) => value);
      if (isChoice(field)) { if (values.length) field.checked = values.includes(field.value); } else if (values.length) field.value = values[0];
    }
  }
  form.addEventListener("input", save);
  form.addEventListener("change", save);

  const small = async (file) => {
    const picture = await createImageBitmap(file);
    const scale = Math.min(1, 1600 / Math.max(picture.width, picture.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(picture.width * scale);
    canvas.height = Math.round(picture.height * scale);
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.8));
    return blob && blob.size < file.size ? new File([blob], "photo.jpg", { type: "image/jpeg" }) : file;
  };
  for (const input of form.querySelectorAll("input[type=file]")) {
    input.addEventListener("change", async () => {
      try {
        const files = new DataTransfer();
        for (const file of input.files) files.items.add(await small(file));
        input.files = files.files;
      } catch { /* the photo goes as it is */ }
    });
  }
})();
