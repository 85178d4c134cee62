import '../../support/fake-service.ts';
import { expect, test } from 'vitest';
import { mendPictures } from '../../../../renderer/lib/frame/broken-pictures.ts';

test('a picture that failed while the service was away is fetched again when it is back, another is left alone', () => {
  let back = (): void => undefined;
  const stop = mendPictures((tell) => {
    back = tell;
    return () => undefined;
  });
  const [broken, whole] = ['broken', 'whole'].map((name) => {
    const picture = document.createElement('img');
    picture.src = `/files/${name}.png`;
    document.body.append(picture);
    return picture;
  });
  const fetched: string[] = [];
  for (const picture of [broken!, whole!]) {
    const set = picture.setAttribute.bind(picture);
    picture.setAttribute = (name, value) => {
      if (name === 'src') fetched.push(value);
      set(name, value);
    };
  }
  broken!.dispatchEvent(new Event('error'));
  expect(fetched).toEqual([]);
  back();
  expect(fetched).toEqual(['/files/broken.png']);
  back();
  expect(fetched).toHaveLength(1);
  stop();
});
