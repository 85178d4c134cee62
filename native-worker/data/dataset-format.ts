import * as z from 'zod';

/** Metadata of a packed dataset, and the names of its two tensors. Metadata values are texts; lists are JSON in them. */
export const DATASET_FORMAT = 'edm2-dataset/1';

/** U8 [N, H, W, C], H = W. */
export const IMAGES = 'images';
/** I32 [N]; NO_LABEL where there are no classes. */
export const LABELS = 'labels';
export const NO_LABEL = -1;

/** What a set is called and where it comes from. */
export interface DatasetDescription {
  readonly name: string;
  /** In words for the user ("Folder emoji"). */
  readonly source: string;
  /** What must be shown with the pictures; empty if nothing is known. */
  readonly attribution: string;
  /** Class names by label; empty: no classes. */
  readonly classes: readonly string[];
}

const jsonList = z.string().transform((text, context): string[] => {
  try {
    return z.array(z.string()).parse(JSON.parse(text));
  } catch {
    context.addIssue('not a JSON list of texts');
    return z.NEVER;
  }
});

export const DatasetMetadata = z.object({
  format: z.literal(DATASET_FORMAT),
  name: z.string(),
  source: z.string(),
  attribution: z.string(),
  classes: jsonList,
  pixel_std: z.string().transform(Number).pipe(z.number().nonnegative()),
});

/** The metadata texts of a dataset. @param pixelStd of all pixel values, scaled to [-1, 1] */
export function datasetMetadata(description: DatasetDescription, pixelStd: number): Record<string, string> {
  const { name, source, attribution, classes } = description;
  return {
    format: DATASET_FORMAT,
    name,
    source,
    attribution,
    classes: JSON.stringify(classes),
    pixel_std: String(pixelStd),
  };
}
