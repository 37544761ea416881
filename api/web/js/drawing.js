// Outlines and names on a picture. These colours lie on photographs, so they do not follow the theme.
import { percent } from './words.js'

export const PAINT = { identical: '#35d592', similar: '#ffb84d', unknown: '#dfe4ee', region: '#bdb6ff', face: '#ffffff' }
const SHADE = 'rgb(8 10 16 / 72%)'
const LEAST_PLATE = 96 // CSS pixels
const FONT = '"Plex", system-ui, sans-serif'

/** The corners of what was found: its outline if it was verified, else its box. */
export function cornersOf({ box, outline }) {
  if (outline?.length === 4) return outline
  const [left, top, right, bottom] = box
  return [[left, top], [right, top], [right, bottom], [left, bottom]]
}

/**
 * Draw one thing that was found.
 * `scale`: canvas pixels per picture pixel; `unit`: canvas pixels per CSS pixel.
 */
export function drawFound(paper, found, name, { scale, unit = 1, dim = false, label = true }) {
  const corners = cornersOf(found).map(([x, y]) => [x * scale, y * scale])
  const said = { unknown: ['Unknown', ''], similar: [`Like ${name}`, ` ${percent(found.probability)}`] }
  const [text, share] = said[found.verdict] ?? [name, ` ${percent(found.probability)}`]
  drawOutline(paper, corners, { paint: PAINT[found.verdict] ?? PAINT.unknown, unit, dim, text: label ? text : '', share })
}

/** Draw an outline with marked corners, in canvas pixels; `text` may be shortened for its place, `share` is not. */
export function drawOutline(paper, corners, { paint, unit = 1, dim = false, text = '', share = '' }) {
  paper.save()
  paper.globalAlpha = dim ? 0.65 : 1
  paper.lineJoin = paper.lineCap = 'round'
  trace(paper, corners)
  stroke(paper, paint, unit, 1.4, 0.75)
  paper.beginPath()
  corners.forEach((corner, index) => bracket(paper, corner, corners[(index + 3) % 4], corners[(index + 1) % 4], 18 * unit))
  stroke(paper, paint, unit, 3.2, 1)
  if (text) plate(paper, corners, text, share, paint, unit)
  paper.restore()
}

/** Darken everything but what lies within an outline, in canvas pixels. */
export function shadeAround(paper, corners) {
  paper.save()
  trace(paper, corners)
  paper.rect(0, 0, paper.canvas.width, paper.canvas.height)
  paper.fillStyle = 'rgb(8 10 16 / 52%)'
  paper.fill('evenodd')
  paper.restore()
}

/** Whether a point of the picture lies in what was found. */
export function holds(found, [x, y]) {
  const corners = cornersOf(found)
  let inside = false
  corners.forEach(([x1, y1], index) => {
    const [x2, y2] = corners[(index + 3) % 4]
    if (y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) inside = !inside
  })
  return inside
}

/** Make a canvas as fine as the screen; canvas pixels per CSS pixel. */
export function fit(canvas, width, height) {
  const unit = Math.min(window.devicePixelRatio || 1, 2)
  const [w, h] = [Math.round(width * unit), Math.round(height * unit)]
  if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h })
  return unit
}

function trace(paper, corners) {
  paper.beginPath()
  corners.forEach(([x, y], index) => (index ? paper.lineTo(x, y) : paper.moveTo(x, y)))
  paper.closePath()
}

function stroke(paper, paint, unit, width, strength) {
  const alpha = paper.globalAlpha
  paper.strokeStyle = SHADE
  paper.lineWidth = (width + 2) * unit
  paper.globalAlpha = alpha * strength * 0.6
  paper.stroke()
  paper.strokeStyle = paint
  paper.lineWidth = width * unit
  paper.globalAlpha = alpha * strength
  paper.stroke()
  paper.globalAlpha = alpha
}

function bracket(paper, corner, before, after, arm) {
  const [a, b] = [before, after].map(other => toward(corner, other, arm))
  paper.moveTo(...a)
  paper.lineTo(...corner)
  paper.lineTo(...b)
}

function toward([x, y], [tx, ty], arm) {
  const length = Math.hypot(tx - x, ty - y) || 1
  const part = Math.min(arm / length, 0.3)
  return [x + (tx - x) * part, y + (ty - y) * part]
}

function plate(paper, corners, name, share, paint, unit) {
  const left = Math.min(...corners.map(corner => corner[0]))
  const top = Math.min(...corners.map(corner => corner[1]))
  const size = 13 * unit
  paper.font = `600 ${size}px ${FONT}`
  const room = Math.max(Math.max(...corners.map(corner => corner[0])) - left, LEAST_PLATE * unit) - 14 * unit
  const text = fitting(paper, name, share, room)
  const width = Math.min(paper.measureText(text).width + 14 * unit, paper.canvas.width)
  const height = 22 * unit
  const x = Math.max(0, Math.min(left, paper.canvas.width - width))
  const above = top - height - 5 * unit
  const y = above >= 0 ? above : Math.min(top + 5 * unit, paper.canvas.height - height)
  paper.beginPath()
  paper.roundRect(x, y, width, height, 5 * unit)
  paper.fillStyle = SHADE
  paper.fill()
  paper.fillStyle = paint
  paper.textBaseline = 'middle'
  paper.fillText(text, x + 7 * unit, y + height / 2 + unit, width - 14 * unit)
}

/** A name made short enough to lie over its thing, so that neighbours' names do not meet. */
function fitting(paper, name, share, room) {
  if (paper.measureText(name + share).width <= room) return name + share
  let length = name.length - 1
  while (length > 3 && paper.measureText(`${name.slice(0, length).trimEnd()}…${share}`).width > room) length--
  return `${name.slice(0, length).trimEnd()}…${share}`
}
