// Loaded before dynalite (node --require): every write is on the disk before it is answered, so that a loss of power does not
// undo what a caller was told. LevelDB by itself leaves writes to the page cache, which outlives a killed process only.
'use strict'

const { ClassicLevel } = require('classic-level')

for (const name of ['_put', '_del', '_batch']) {
  const write = ClassicLevel.prototype[name]
  if (typeof write !== 'function') throw new Error(`classic-level has no ${name} any more: synced.js must be written anew`)
  ClassicLevel.prototype[name] = function (...given) {
    const options = given.pop()
    return write.call(this, ...given, { ...options, sync: true })
  }
}
