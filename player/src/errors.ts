/** The errors of the player on purpose; each message is one sentence that says what to do. */

export class PlayerError extends Error {
  override name = "PlayerError";
}

/** The bytes are not a .tsk file of the newest format version: truncated, damaged or foreign. */
export class BitstreamError extends PlayerError {
  override name = "BitstreamError";
}

/** The text is no link with a picture in it. */
export class LinkError extends PlayerError {
  override name = "LinkError";
}
