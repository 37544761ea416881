// A picture that somebody gave: its pixels, its way to the service, cuts of it, and how a result is taken along.
import { h } from '../dom.js'
import { notify } from '../notices.js'

const QUALITY = 0.92 // of a JPEG; a PNG stays one, because it may be transparent

/** A file with its pixels, upright; they are null where only the service can read them. */
export class Picture {
  constructor(file) {
    this.file = file
    this.name = file.name || 'picture.png'
    this.bitmap = null
    this.ready = createImageBitmap(file).then(bitmap => { if (!this.isClosed) this.bitmap = bitmap }, () => {})
  }

  close() {
    this.isClosed = true
    this.bitmap?.close()
    this.bitmap = null
  }

  /** A name for a part of it, such as `photo-1x1.jpg`. */
  partName(part) {
    return `${this.name.replace(/\.[^.]+$/, '')}-${part}.${this.file.type === 'image/png' ? 'png' : 'jpg'}`
  }
}

/** A bar that shows how far a picture is sent, and then that it is looked at. */
export function waiting(label) {
  const bar = h('progress', { 'aria-label': label })
  const onProgress = share => { if (share < 1) bar.value = share; else bar.removeAttribute('value') }
  return { bar, onProgress }
}

/** The part of a bitmap in a box of left, top, right, bottom, on a canvas `width` pixels wide, or as it is. */
export function cutOut(bitmap, box, width = 0, canvas = h('canvas')) {
  const [left, top] = box.map(Math.round)
  const [w, high] = [Math.max(1, Math.round(box[2]) - left), Math.max(1, Math.round(box[3]) - top)]
  canvas.width = width ? Math.round(width) : w
  canvas.height = Math.max(1, Math.round((canvas.width * high) / w))
  const paper = canvas.getContext('2d')
  paper.imageSmoothingQuality = 'high'
  paper.drawImage(bitmap, left, top, w, high, 0, 0, canvas.width, canvas.height)
  return canvas
}

/** Let the browser keep a canvas as a file. */
export async function downloadCanvas(canvas, name) {
  const blob = await new Promise(resolve => canvas.toBlob(resolve, name.endsWith('.png') ? 'image/png' : 'image/jpeg', QUALITY))
  if (!blob) return notify('This browser cannot write a picture of that size; choose a smaller one.', { bad: true })
  const address = URL.createObjectURL(blob)
  download(address, name)
  setTimeout(() => URL.revokeObjectURL(address), 60_000)
  return undefined
}

/** Let the browser keep what lies at an address as a file. */
export function download(address, name) {
  h('a', { href: address, download: name }).click()
}

/** Put a record on the clipboard as JSON. */
export async function copyJson(record, told) {
  try {
    await navigator.clipboard.writeText(JSON.stringify(record, null, 2))
    notify(told)
  } catch {
    notify('This browser does not let the page copy; it does on https: and on localhost.', { bad: true })
  }
}
