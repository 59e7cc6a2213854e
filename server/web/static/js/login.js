/** A made-up account fills the form with one touch. */

document.addEventListener("click", ({ target }) => {
  const account = target.closest?.(".demo-account");
  if (!account) return;
  const form = document.querySelector("form");
  form.elements.name.value = account.dataset.name;
  form.elements.password.value = account.dataset.password;
  form.querySelector("button").focus();
});
