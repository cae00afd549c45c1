/** Drivers of databases, which only those install who have such a database. */
import {CommandError} from './errors.js';

/**
 * What `load` imports.
 *
 * @throws CommandError that names the package where that is not installed.
 */
export const importDriver = async <Driver>(
  names: string[],
  load: () => Promise<Driver>,
): Promise<Driver> => {
  try {
    return await load();
  } catch (error) {
    const {code, message} = error as NodeJS.ErrnoException;
    const isMissing =
      code == 'ERR_MODULE_NOT_FOUND' &&
      names.some((name) => message.includes(`'${name}'`));
    if (!isMissing) {
      throw error;
    }
    throw new CommandError(
      `This database needs ${names.join(' and ')}: npm install ` +
        `${names.join(' ')}, or npx ${['tinybase-partykit', ...names]
          .map((name) => `-p ${name}`)
          .join(' ')} tinybase-partykit mirror …`,
    );
  }
};
