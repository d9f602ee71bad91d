"use strict";
// One item at a time: pass, or the kinds of errors it has. Saved as JSON, kept in the browser
// meanwhile.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const articles = [...document.querySelectorAll(".item")];
  const by = id => document.getElementById(id);
  const answers = data.items.map(() => ({ passed: false, errors: new Set(), note: "" }));
  const memory = `gaclip-review ${data.dataset} ${JSON.stringify(data.sample)} ` +
    data.items.map(item => item.digest).join("").slice(0, 64);
  let current = 0;

  const verdict = answer => answer.errors.size > 0 ? "fail" : answer.passed ? "pass" : null;
  const say = text => { by("status").textContent = text; };

  function remember() {
    try {
      localStorage.setItem(memory, JSON.stringify({
        reviewer: by("reviewer").value,
        answers: answers.map(a => ({ passed: a.passed, errors: [...a.errors], note: a.note })),
      }));
    } catch { /* private windows have no memory; saving still works */ }
  }

  function recall() {
    try {
      const kept = JSON.parse(localStorage.getItem(memory));
      if (!kept) return;
      if (!by("reviewer").value) by("reviewer").value = kept.reviewer;
      kept.answers.forEach((a, i) =>
        Object.assign(answers[i], { passed: a.passed, errors: new Set(a.errors), note: a.note }));
    } catch { /* as above */ }
  }

  function showOverview() {
    const done = answers.filter(verdict).length;
    by("progress").value = done;
    by("count").textContent = `${done} of ${answers.length} reviewed`;
    [...by("overview").querySelectorAll("button")].forEach((button, i) => {
      const state = verdict(answers[i]);
      button.className = state ?? "";
      button.setAttribute("aria-label", `item ${i + 1}, ${
        { pass: "passed", fail: "failed" }[state] ?? "not reviewed"}`);
      button.setAttribute("aria-current", i === current);
    });
  }

  function show() {
    const answer = answers[current], state = verdict(answer);
    articles.forEach((article, i) => { article.hidden = i !== current; });
    articles[current].querySelectorAll("[data-error]").forEach(button =>
      button.setAttribute("aria-pressed", answer.errors.has(button.dataset.error)));
    articles[current].querySelector("textarea").value = answer.note;
    by("pass").setAttribute("aria-pressed", state === "pass");
    by("fail").setAttribute("aria-pressed", state === "fail");
    by("previous").disabled = current === 0;
    by("next").disabled = current === articles.length - 1;
    showOverview();
  }

  function go(index) {
    if (index < 0 || index >= articles.length) return;
    current = index;
    say("");
    show();
    by("main").scrollTo(0, 0);
    by("main").focus({ preventScroll: true }); // where the arrow keys scroll
  }

  // To the next item without a verdict, behind this one first.
  function goOn() {
    for (let step = 1; step <= articles.length; step++) {
      const index = (current + step) % articles.length;
      if (!verdict(answers[index])) return go(index);
    }
    show();
    say("All reviewed: save.");
  }

  function pass() {
    answers[current].passed = true;
    answers[current].errors.clear();
    remember();
    goOn();
  }

  function fail() {
    if (answers[current].errors.size > 0) return goOn();
    say("What is wrong? Choose one or more errors.");
    articles[current].querySelector("[data-error]").focus();
  }

  function toggle(error) {
    const answer = answers[current];
    if (!articles[current].querySelector(`[data-error="${error}"]`)) return;
    if (!answer.errors.delete(error)) answer.errors.add(error);
    answer.passed = false;
    say("");
    remember();
    show();
  }

  function save() {
    const reviewer = by("reviewer").value.trim();
    if (!reviewer) {
      by("reviewer").focus();
      return say("Give the reviewer's name first.");
    }
    const items = data.items.map((item, i) => ({
      ...item, verdict: verdict(answers[i]), errors: [...answers[i].errors],
      note: answers[i].note.trim() || null,
    }));
    const review = { ...data, reviewer, saved: new Date().toISOString(), items };
    const link = document.createElement("a");
    link.href = URL.createObjectURL(
      new Blob([JSON.stringify(review, null, 1) + "\n"], { type: "application/json" }));
    link.download = `review-${reviewer.replace(/[^\p{L}\p{N}]+/gu, "-")}.json`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    const open = answers.filter(a => !verdict(a)).length;
    say(`Saved as ${link.download}${open ? `; ${open} not reviewed` : ""}.`);
  }

  const keys = {
    p: pass, f: fail, s: save, ArrowLeft: () => go(current - 1), ArrowRight: () => go(current + 1),
    n: goOn, b: () => document.body.classList.toggle("no-boxes"),
    c: () => articles[current].querySelector("textarea").focus(),
    "?": () => by("help").showModal(),
  };
  data.errors.forEach((error, i) => {
    keys[String((i + 1) % data.errors.length)] = () => toggle(error);
  });
  delete data.errors;

  document.addEventListener("keydown", event => {
    if (event.ctrlKey || event.metaKey || event.altKey || by("help").open) return;
    if (/^(INPUT|TEXTAREA)$/.test(event.target.tagName)) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    const action = keys[event.key] ?? keys[event.key.toLowerCase()];
    if (!action) return;
    event.preventDefault();
    action();
  });

  articles.forEach((article, i) => {
    const entry = document.createElement("li"), button = document.createElement("button");
    button.type = "button";
    button.textContent = i + 1;
    button.addEventListener("click", () => go(i));
    entry.append(button);
    by("overview").append(entry);
    article.querySelectorAll("[data-error]").forEach(b =>
      b.addEventListener("click", () => toggle(b.dataset.error)));
    article.querySelector("textarea").addEventListener("input", event => {
      answers[i].note = event.target.value;
      remember();
    });
  });
  by("progress").max = articles.length;
  by("pass").addEventListener("click", pass);
  by("fail").addEventListener("click", fail);
  by("previous").addEventListener("click", () => go(current - 1));
  by("next").addEventListener("click", () => go(current + 1));
  by("save").addEventListener("click", save);
  by("reviewer").addEventListener("input", remember);
  by("ask").addEventListener("click", () => by("help").showModal());
  by("close").addEventListener("click", () => by("help").close());

  recall();
  go(Math.max(0, answers.findIndex(answer => !verdict(answer))));
})();
