/** The result of the work, or `late` when it takes longer than `limit` milliseconds. The work is not stopped. */
export async function within<Value>(limit: number, work: Promise<Value>, late: Value): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<Value>((resolve) => {
    timer = setTimeout(resolve, limit, late);
  });
  return Promise.race([work, over]).finally(() => clearTimeout(timer));
}
