/** Names of the wires between main and preload; nothing else crosses. */
export const CALL_CHANNEL = 'edm2:call';
export const PICK_FOLDER_CHANNEL = 'edm2:pick-folder';
export const NEW_INDEX_CHANNEL = 'edm2:new-index';
export const EVENT_CHANNEL = 'edm2:event';

/** The one event that main makes itself: the service came or went. Payload: { open: boolean, why?: string }. */
export const CONNECTION_EVENT = 'connection';
