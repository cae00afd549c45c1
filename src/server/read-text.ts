/** The body, or undefined where it is longer: then not all of it is read. */
export const readText = async (
  request: Request,
  maxLength: number,
): Promise<string | undefined> => {
  const decoder = new TextDecoder();
  const reader = request.body?.getReader();
  let text = '';
  let isDone = !reader;
  while (!isDone) {
    const {done, value} = await reader!.read();
    isDone = done;
    text += decoder.decode(value, {stream: !done});
    if (text.length > maxLength) {
      await reader!.cancel();
      return undefined;
    }
  }
  return text;
};
