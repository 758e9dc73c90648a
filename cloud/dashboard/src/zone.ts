// Times of day in the account's zone, whatever the zone of the viewer's machine.

/** Writes moments (UTC milliseconds) as an owner reads them. */
export class Zone {
  readonly name: string;
  readonly #time: Intl.DateTimeFormat;
  readonly #short: Intl.DateTimeFormat;
  readonly #day: Intl.DateTimeFormat;
  readonly #longDay: Intl.DateTimeFormat;
  readonly #parts: Intl.DateTimeFormat;

  constructor(name: string) {
    this.name = name;
    const make = (options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat =>
      new Intl.DateTimeFormat("en-GB", { timeZone: name, hourCycle: "h23", ...options });
    this.#time = make({ hour: "2-digit", minute: "2-digit", second: "2-digit" });
    this.#short = make({ hour: "2-digit", minute: "2-digit" });
    this.#day = make({ weekday: "short", day: "numeric", month: "short" });
    this.#longDay = make({ weekday: "long", day: "numeric", month: "long" });
    this.#parts = make({
      year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit",
    });
  }

  /** "14:02:31" */
  time(ms: number): string {
    return this.#time.format(ms);
  }

  /** "14:02" */
  minute(ms: number): string {
    return this.#short.format(ms);
  }

  /** "Mon 23 Nov" */
  day(ms: number): string {
    return this.#day.format(ms).replace(",", "");
  }

  /** "Monday 23 November, 14:02:31": for a voice. */
  spoken(ms: number): string {
    return `${this.#longDay.format(ms).replace(",", "")}, ${this.time(ms)}`;
  }

  /** "2026-11-23 14.02.31": for the name of a file. */
  forFile(ms: number): string {
    const { year, month, day, hour, minute, second } = this.#fields(ms);
    return `${year}-${month}-${day} ${hour}.${minute}.${second}`;
  }

  /** How far the zone's clocks are ahead of UTC at a moment, in milliseconds. */
  offset(ms: number): number {
    const { year, month, day, hour, minute, second } = this.#fields(ms);
    const asUtc = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
    return asUtc - Math.floor(ms / 1000) * 1000;
  }

  #fields(ms: number): Record<string, string> {
    return Object.fromEntries(this.#parts.formatToParts(ms).map((part) => [part.type, part.value]));
  }
}
