// What is kept of a reference picture: drawn over it, and drawn anew by whoever knows better.
import { ask, path, pictureOf } from '../api.js'
import { openDialog } from '../dialog.js'
import { button, fill, h } from '../dom.js'
import { problem } from '../notices.js'
import { catalog } from '../shop.js'

const KINDS = { packshot: 'Packshot', photo: 'Photo', whole: 'Whole picture' }
const CORNERS = ['Top left', 'Top right', 'Bottom right', 'Bottom left']
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }
const STEP = 0.01 // of the picture's longer side, for one press of an arrow; a fifth of it with Shift

/** What is kept of each picture of a product, by the picture's id. */
export async function keptOf(productId) {
  const { kept } = await ask(path('catalogs', catalog(), 'products', productId, 'images'))
  return byImage(kept)
}

/** Answers on kept pictures, by the picture's id. */
export const byImage = several => new Map((several ?? []).map(one => [one.image_id, one]))

/** A picture with what is kept of it; pressed, it is opened and can be chosen anew. */
export function keptTile(product, image, kept, { onWritten }, ...more) {
  const open = () => editOutline(product, image, kept, { onWritten })
  const name = kept ? `${kept.sentence}. Change what is kept` : image.source_name
  return h(
    'li', { class: 'kept', title: kept?.sentence },
    h('div', { class: 'kept-picture' },
      h('img', { src: pictureOf(catalog(), product.product_id, image.image_id, 320), alt: image.source_name }),
      kept && h('button', { type: 'button', class: 'kept-open', 'aria-label': name, on: { click: open } }, overlay(image, kept.outline, kept.background)),
      ...more),
    kept && h('p', { class: 'small quiet clip' }, kindOf(kept)),
  )
}

function kindOf({ kind, by, share, background, background_share: dropped }) {
  if (!kind) return 'Kept by an earlier version'
  let words = by === 'person' ? `${KINDS[kind]}, chosen` : KINDS[kind]
  if (share < 0.995) words += `, ${Math.round(share * 100)} % of its print`
  return background?.length ? `${words}, ${Math.round(dropped * 100)} % background` : words
}

/** The outline over a picture that is shown as large as it fits, and what is background within it. */
function overlay({ width, height }, corners, background = []) {
  const shade = svg('path', { class: 'kept-shade', 'fill-rule': 'evenodd' })
  const line = svg('polygon', { class: 'kept-line' })
  const dropped = svg('path', { class: 'kept-dropped', d: background.map(([left, top, right, bottom]) => `M${left} ${top}H${right}V${bottom}H${left}Z`).join('') })
  const element = svg('svg', { class: 'kept-outline', viewBox: `0 0 ${width} ${height}`, 'aria-hidden': 'true' }, shade, dropped, line)
  element.show = outline => {
    const points = outline.map(corner => corner.join(',')).join(' ')
    line.setAttribute('points', points)
    shade.setAttribute('d', `M0 0H${width}V${height}H0Z M${points.replaceAll(' ', 'L')}Z`)
  }
  element.show(corners)
  return element
}

/** Show a picture large, its four corners to be dragged or moved by keys; resolves when it is closed. */
export function editOutline(product, image, kept, { onWritten }) {
  const address = path('catalogs', catalog(), 'products', product.product_id, 'images', image.image_id, 'outline')
  const { width, height } = image
  let corners = kept.outline.map(([x, y]) => [within(x, width), within(y, height)])
  const drawn = overlay(image, corners, kept.background)
  const said = h('div', { role: 'status' })
  const handles = CORNERS.map((name, index) => h('button', {
    type: 'button', class: 'kept-corner', 'aria-label': `${name} corner`,
    on: { pointerdown: event => grab(event, index), keydown: event => nudge(event, index) },
  }))
  const stage = h('div', { class: 'kept-stage' },
    h('img', { src: pictureOf(catalog(), product.product_id, image.image_id, 1280), alt: image.source_name, draggable: false }), drawn, handles)
  stage.style.setProperty('--aspect', width / height)

  const show = () => {
    drawn.show(corners)
    handles.forEach((handle, index) => {
      const [x, y] = corners[index]
      handle.style.left = `${(x / width) * 100}%`
      handle.style.top = `${(y / height) * 100}%`
      handle.setAttribute('aria-description', `${Math.round(x)}, ${Math.round(y)} of ${width}, ${height} pixels`)
    })
  }
  const put = (index, [x, y]) => {
    corners = corners.map((corner, at) => (at === index ? [within(x, width), within(y, height)] : corner))
    show()
  }
  const grab = (event, index) => {
    const handle = handles[index]
    handle.setPointerCapture(event.pointerId)
    const move = ({ clientX, clientY }) => {
      const bounds = stage.getBoundingClientRect()
      put(index, [((clientX - bounds.left) / bounds.width) * width, ((clientY - bounds.top) / bounds.height) * height])
    }
    const stop = () => handle.removeEventListener('pointermove', move)
    handle.addEventListener('pointermove', move)
    handle.addEventListener('pointerup', stop, { once: true })
    handle.addEventListener('pointercancel', stop, { once: true })
  }
  const nudge = (event, index) => {
    const arrow = ARROWS[event.key]
    if (!arrow) return
    event.preventDefault()
    const step = STEP * Math.max(width, height) * (event.shiftKey ? 0.2 : 1)
    put(index, corners[index].map((value, axis) => value + arrow[axis] * step))
  }

  return openDialog('What is kept', close => {
    const save = async keep => {
      fill(said, h('progress', { 'aria-label': 'Reading the picture' }))
      try {
        onWritten(await ask(address, { method: 'PUT', json: { keep } }))
        close()
      } catch (error) {
        fill(said, problem(error))
      }
    }
    const all = () => {
      corners = [[0, 0], [width, 0], [width, height], [0, height]]
      show()
    }
    const keep = () => (isAll(corners, width, height) ? 'whole' : corners.map(corner => corner.map(Math.round)))
    show()
    return {
      body: h('div', { class: 'stack' }, h('p', { class: 'small quiet break' }, `${kept.sentence}. Drag the corners to the product; what lies outside matches nothing.`), stage, said),
      foot: [
        button('Find it again', () => save('automatic'), { look: 'quiet push' }), button('Whole picture', all),
        button('Cancel', close), button('Save', () => save(keep()), { look: 'main' }),
      ],
    }
  })
}

const within = (value, most) => Math.min(Math.max(value, 0), most)

const isAll = (corners, width, height) => corners.every(([x, y]) => (x < 1 || x > width - 1) && (y < 1 || y > height - 1))

function svg(tag, props, ...children) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag)
  for (const [name, value] of Object.entries(props)) element.setAttribute(name, value)
  element.append(...children)
  return element
}
