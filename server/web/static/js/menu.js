/** The bar's menus: one open at a time, closed by Escape, by a click elsewhere or by leaving. */

export function startMenus() {
  const open = () => document.querySelectorAll("details[data-menu][open]");
  const closeAll = (but = null) => {
    for (const menu of open()) if (menu !== but) menu.open = false;
  };
  document.addEventListener("click", ({ target }) => closeAll(target.closest?.("details[data-menu]")));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = event.target.closest?.("details[data-menu][open]");
    closeAll();
    menu?.querySelector("summary").focus();
  });
  document.addEventListener("focusout", ({ target, relatedTarget }) => {
    const menu = target.closest?.("details[data-menu]");
    if (menu && relatedTarget && !menu.contains(relatedTarget)) menu.open = false;
  });
}
