/** The field names of ECS (npm run gen:ecs). */

export const ecsVersion: string;

/** What `event.category` may hold. */
export const eventCategories: readonly string[];

/** A line is a parent (`-` for none) and the names below it; `[]` may hold several values, `{}` has names of its own below. */
export const ecsFields: string;
