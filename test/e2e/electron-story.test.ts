import { describe } from 'vitest';
import { lacksForElectron } from '../support/needs.ts';
import { electronStage } from './stage.ts';
import { tellStory } from './story.ts';

const lacking = await lacksForElectron();

describe.skipIf(lacking !== null)("a newcomer's first hour in Electron", () => tellStory(electronStage));
