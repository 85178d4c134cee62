import { describe } from 'vitest';
import { lacksForBrowser } from '../support/needs.ts';
import { browserStage } from './stage.ts';
import { tellStory } from './story.ts';

const lacking = lacksForBrowser();

describe.skipIf(lacking !== null)("a newcomer's first hour in a browser", () => tellStory(browserStage));
