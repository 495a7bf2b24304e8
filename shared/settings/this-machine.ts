/** Addresses on which nobody but this machine can reach a process. */
const THIS_MACHINE = /^(localhost|127(\.\d{1,3}){3}|::1)$/;

interface HostSettings {
  readonly EMULATOR_URL?: string | undefined;
  readonly STREAM_HOST_BIND: string;
}

/** Whether the stream host is one of development: the emulator stands for Azure, and nobody from outside gets in. */
export const servesThisMachineAlone = ({ EMULATOR_URL, STREAM_HOST_BIND }: HostSettings): boolean =>
  EMULATOR_URL !== undefined && THIS_MACHINE.test(STREAM_HOST_BIND);

/** Whether each socket of a browser or a dashboard needs a ticket: REQUIRE_TICKETS, or what the place of the host says. */
export const ticketsRequired = (settings: HostSettings & { readonly REQUIRE_TICKETS?: boolean | undefined }): boolean =>
  settings.REQUIRE_TICKETS ?? !servesThisMachineAlone(settings);
