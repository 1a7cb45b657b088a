// Two comforts for browsers with JavaScript: a button that shows a password, and times in the reader's own zone.
//
// Never: needed; without it the field stays hidden and times are in UTC.
"use strict";

(function () {
  for (const button of document.querySelectorAll("[data-reveals]")) {
    const field = document.getElementById(button.dataset.reveals);
    button.addEventListener("click", () => {
      const shown = field.type === "text";
      field.type = shown ? "password" : "text";
      button.textContent = shown ? button.dataset.show : button.dataset.hide;
      button.setAttribute("aria-pressed", String(!shown));
    });
    // A password must not stay readable in the form data that a browser remembers.
    if (field.form) field.form.addEventListener("submit", () => { field.type = "password"; });
  }
  for (const time of document.querySelectorAll("time[datetime]")) {
    try {
      const format = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "long", timeStyle: "long" });
      time.textContent = format.format(new Date(time.dateTime));
    } catch {
      // An old browser keeps the time in UTC.
    }
  }
})();
