// Crops: one picture, what is meant on it and how to frame it; two or more, and where one is cut from another.
import { button, fill, h } from '../dom.js'
import { dropZone, listen, onPaste } from '../drop.js'
import { notify, problem } from '../notices.js'
import { Among, MOST_AMONG } from './among.js'
import { Locate } from './locate.js'
import { Picture } from './picture.js'
import { Region } from './region.js'
import { Thumbnails } from './thumbnails.js'

const TOOLS = { region: ['Region', Region], thumbnails: ['Thumbnails', Thumbnails], locate: ['Locate', Locate] }
const NO_PICTURE = 'That is no picture; give a JPEG, PNG or WebP file.'

export function open({ rest }) {
  const view = new CropsView(TOOLS[rest[0]] ? rest[0] : 'region')
  return { element: view.element, close: () => view.close() }
}

class CropsView {
  constructor(name) {
    Object.assign(this, { name, pictures: [], others: [], tools: new Map() })
    this.pick = h('input', {
      type: 'file', accept: 'image/*', multiple: true, class: 'hidden-label', tabIndex: -1, 'aria-label': 'Other pictures',
      on: { change: () => { this.take(this.pick.files, { anew: true }); this.pick.value = '' } },
    })
    this.head = h('div', { class: 'row' })
    this.tabs = h('div', { class: 'segments', role: 'tablist', 'aria-label': 'What to do', on: { keydown: event => this.onKey(event) } },
      Object.entries(TOOLS).map(([tool, [title]]) => h('button', {
        type: 'button', class: 'segment', role: 'tab', id: `crops-${tool}`, 'aria-controls': 'crops-panel', data: { tool }, on: { click: () => this.choose(tool) },
      }, title)))
    this.panel = h('div', { id: 'crops-panel', role: 'tabpanel', class: 'stack-wide' })
    this.element = h('div', { class: 'view drop-target' }, h('div', { class: 'view-head' }, h('h1', {}, 'Crops'), this.head), this.tabs, this.panel)
    listen(this.element, this.element, files => this.take(files))
    this.stopPaste = onPaste(files => !document.querySelector('dialog[open]') && this.take(files))
    this.choose(name)
  }

  close() {
    this.stopPaste()
    this.forget()
  }

  forget() {
    for (const tool of this.tools.values()) tool.close()
    for (const picture of this.pictures) picture.close()
    this.tools.clear()
    Object.assign(this, { pictures: [], others: [] })
  }

  /**
   * Pictures after the first are compared with it where that is wanted; otherwise they replace those before. Of
   * three or more at once the smallest file is looked for in the others: what is cut out is smaller.
   */
  take(list, { anew = false } = {}) {
    const files = [...list].filter(file => file.type.startsWith('image/') || !file.type)
    if (!files.length) return notify(NO_PICTURE, { bad: true })
    const isSecond = !anew && this.name === 'locate' && this.pictures.length === 1 && !this.others.length
    if (isSecond) {
      this.tools.get('locate')?.close()
      this.tools.delete('locate')
    } else {
      this.forget()
      if (files.length > 2) files.sort((one, other) => one.size - other.size)
      this.pictures = [new Picture(files.shift())]
    }
    if (files.length > MOST_AMONG) notify(`One picture is compared with ${MOST_AMONG} at most; the others are left out.`)
    if (files.length === 1) this.pictures.push(new Picture(files[0]))
    else this.others = files.slice(0, MOST_AMONG)
    return this.choose(files.length ? 'locate' : this.name)
  }

  choose(name) {
    this.name = name
    history.replaceState(null, '', `#/crops/${name}`)
    for (const tab of this.tabs.children) {
      const isChosen = tab.dataset.tool === name
      tab.setAttribute('aria-selected', String(isChosen))
      tab.tabIndex = isChosen ? 0 : -1
    }
    this.panel.setAttribute('aria-labelledby', `crops-${name}`)
    if (!this.pictures.length) {
      fill(this.head)
      return fill(this.panel, h('div', { class: 'panel' }, this.zone(START[name])))
    }
    fill(this.head, this.pick, button(name === 'locate' ? 'Other pictures' : 'Another picture', () => this.pick.click(), { symbol: 'upload' }))
    const [, Tool] = TOOLS[name]
    const around = { refusal, zone: given => this.zone(given) }
    if (!this.tools.has(name)) this.tools.set(name, name === 'locate' && this.others.length ? new Among(this.pictures[0], this.others, around) : new Tool(this.pictures, around))
    return fill(this.panel, this.tools.get(name).element)
  }

  zone(given) {
    return dropZone({ symbol: 'crop', onFiles: files => this.take(files), onRefused: () => notify(NO_PICTURE, { bad: true }), ...given })
  }

  onKey(event) {
    const names = Object.keys(TOOLS)
    const at = names.indexOf(this.name)
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: names.length - 1 }[event.key]
    if (to === undefined) return
    event.preventDefault()
    this.choose(names[(to + names.length) % names.length])
    this.tabs.querySelector('[aria-selected="true"]').focus()
  }
}

const START = {
  region: { title: 'Drop or paste a picture', label: 'Choose a picture', hint: 'What is meant on it is outlined: a painting, a vase, a product. The picture is not kept.' },
  thumbnails: { title: 'Drop or paste a picture', label: 'Choose a picture', hint: 'It is framed at the aspects that you choose, with faces and products whole. The picture is not kept.' },
  locate: { title: 'Drop two pictures, or more', label: 'Choose pictures', hint: 'Is one cut from the other, and where? Of more, the smallest, or the one that came first, is looked for in the others. They are not kept.' },
}

/** A refusal at its place; what may pass by itself can be tried again. */
function refusal(error, again) {
  const mayPass = error.status === 0 || error.status === 429 || error.status >= 500
  return h('div', { class: 'stack' }, problem(error), mayPass && h('div', { class: 'row' }, button('Try again', again, { symbol: 'turn' })))
}
