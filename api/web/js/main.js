// Starts the page: which view is shown, which catalog is looked at, and logging in.
import { health } from './api.js'
import { fill, h } from './dom.js'
import { showLogin } from './login.js'
import { empty, problem } from './notices.js'
import { catalog, catalogs, choose } from './shop.js'
import { applyTheme } from './theme.js'

const VIEWS = {
  live: ['Live', () => import('./live/view.js')],
  catalog: ['Catalog', () => import('./catalog/view.js')],
  video: ['Video', () => import('./video/view.js')],
  identify: ['Identify', () => import('./identify/view.js')],
  crops: ['Crops', () => import('./crops/view.js')],
  system: ['System', () => import('./system/view.js')],
}

const main = document.getElementById('main')
const chooser = document.getElementById('catalog-choice')
let current = { close() {} }
let turn = 0

function place() {
  const [name, ...rest] = location.hash.replace(/^#\/?/, '').split('/')
  return VIEWS[name] ? [name, rest.map(decodeURIComponent)] : ['live', []]
}

async function show({ focus = true } = {}) {
  const mine = ++turn
  const [name, rest] = place()
  const [title, load] = VIEWS[name]
  document.title = `${title} · skulens`
  for (const tab of document.querySelectorAll('.tab')) {
    if (tab.hash === `#/${name}`) tab.setAttribute('aria-current', 'page')
    else tab.removeAttribute('aria-current')
  }
  for (const dialog of document.querySelectorAll('dialog[data-stays="false"]')) dialog.close()
  current.close()
  current = { close() {} }
  try {
    const { open } = await load()
    if (mine !== turn) return
    current = open({ rest, refresh: showCatalogs })
    fill(main, current.element)
  } catch (error) {
    fill(main, problem(error))
  }
  window.scrollTo(0, 0)
  if (focus) main.focus({ preventScroll: true })
}

/** Bring the list of catalogs up to date, and look at one of them. */
async function showCatalogs(wanted = '') {
  const before = catalog()
  await listCatalogs(wanted)
  if (catalog() !== before) await show({ focus: false })
}

async function listCatalogs(wanted = '') {
  if (wanted) choose(wanted)
  const found = await catalogs()
  fill(chooser, found.length
    ? found.map(one => h('option', { value: one.catalog, selected: one.catalog === catalog() }, one.catalog))
    : h('option', { value: '' }, 'No catalog yet'))
  chooser.disabled = !found.length
}

async function begin() {
  applyTheme()
  chooser.addEventListener('change', () => { choose(chooser.value); show({ focus: false }) })
  window.addEventListener('hashchange', () => show())
  window.addEventListener('pagehide', () => current.close())
  // A file that misses its place must not make the browser leave the page.
  for (const event of ['dragover', 'drop']) window.addEventListener(event, one => one.preventDefault())
  document.addEventListener('skulens:login', () => showLogin(() => location.reload()))
  document.querySelector('.skip').addEventListener('click', event => { event.preventDefault(); main.focus() })
  try {
    await listCatalogs()
  } catch (error) {
    if (error.status !== 401) return fill(main, empty('warn', 'Not connected', error.message))
  }
  await show({ focus: false })
  const { record } = await health('healthz')
  if (record.version) fill(document.getElementById('rail-foot'), h('span', {}, `skulens ${record.version}`))
}

begin()
