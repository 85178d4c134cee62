import type { DynamicsKind } from '../../../contract/dynamics.ts';

/** The kind that Dynamics tabs show, as it was chosen last, here or by a finding. */
export const dynamicsTaste: { kind: DynamicsKind } = $state({ kind: 'activation' });
