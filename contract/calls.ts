import type { Call } from './call.ts';
import { appInfo, expectSpeed, getSettings, openBrowserDoor, setSettings, shutdown } from './app.ts';
import { datasetPictures, deleteDataset, getDataset, importDataset, listDatasets, renameDataset } from './datasets.ts';
import { grantFolder, listFolders } from './folders.ts';
import { cancelJob, getJob, listJobs, moveJob } from './jobs.ts';
import {
  deleteReconstruction,
  keepReconstructions,
  listReconstructions,
  locateReconstruction,
  renameReconstruction,
} from './reconstructions.ts';
import { runDynamics } from './dynamics-table.ts';
import { runFindings } from './findings.ts';
import { runNoiseAdvice } from './noise-advice.ts';
import {
  createRun,
  deleteRun,
  editRun,
  getRun,
  listRuns,
  pauseRun,
  restoreRun,
  resumeRun,
  runConfigs,
  runLog,
  runSnapshots,
  runTicks,
  stopRun,
  trashRun,
} from './runs.ts';
import { addMachine, listMachines, removeMachine } from './machines.ts';
import { listPrecisions } from './precision.ts';
import { listProfiles, measureStep } from './profile.ts';
import { listRuntimes, runDoctor, useRuntime } from './runtime.ts';
import { runSystem } from './system.ts';
import { deleteSample, generate, getSample, listSamples } from './samples.ts';
import { emptySetAside, listSetAside } from './set-aside.ts';
import { findTuning, startTuning } from './tuning.ts';
import { deleteView, listViews, renameView, saveView } from './views.ts';

/** Raised whenever a call or event changes in a way that an older side can't read. */
export const CONTRACT_VERSION = 16;

/** Every call of the contract. The service must answer each; a test holds it to that. */
export const calls: readonly Call[] = [
  addMachine,
  appInfo,
  cancelJob,
  createRun,
  datasetPictures,
  deleteDataset,
  deleteReconstruction,
  deleteRun,
  deleteSample,
  deleteView,
  editRun,
  emptySetAside,
  expectSpeed,
  findTuning,
  generate,
  getDataset,
  getJob,
  getRun,
  getSample,
  getSettings,
  grantFolder,
  importDataset,
  keepReconstructions,
  listDatasets,
  listFolders,
  listJobs,
  listMachines,
  listPrecisions,
  listProfiles,
  listReconstructions,
  listRuns,
  listRuntimes,
  listSamples,
  listSetAside,
  listViews,
  locateReconstruction,
  measureStep,
  moveJob,
  openBrowserDoor,
  pauseRun,
  removeMachine,
  renameDataset,
  renameReconstruction,
  renameView,
  restoreRun,
  resumeRun,
  runConfigs,
  runDoctor,
  runDynamics,
  runFindings,
  runNoiseAdvice,
  runLog,
  runSnapshots,
  runSystem,
  runTicks,
  saveView,
  setSettings,
  shutdown,
  startTuning,
  stopRun,
  trashRun,
  useRuntime,
];
