// Light, dark, or as the system has it.

const KEPT = 'skulens.theme'

export const theme = () => localStorage.getItem(KEPT) ?? 'system'

/** Choose light, dark or system. */
export function setTheme(name) {
  if (name === 'system') localStorage.removeItem(KEPT)
  else localStorage.setItem(KEPT, name)
  applyTheme()
}

export function applyTheme() {
  if (theme() === 'system') delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = theme()
}
