/** Made by `scripts/console.ts` from the operations' declarations. */
declare module "routes" {
  export const routes: Record<string, { method: string; route: string }>;
}

declare module "*.css";
