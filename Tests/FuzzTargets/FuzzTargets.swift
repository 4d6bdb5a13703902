/// Everything that is fuzzed.
public enum FuzzTargets {
  public static let all: [any FuzzTarget.Type] = [
    ELFTarget.self, NotesTarget.self, VMCOREINFOTarget.self, KdumpTarget.self, SalvageTarget.self,
    FlattenedTarget.self,
    KallsymsTarget.self, BTFTarget.self, VmlinuxTarget.self, ErasureTarget.self, PageTablesTarget.self,
    MemSectionTarget.self, LogTarget.self, SlabsTarget.self, CrashTarget.self, SecretsTarget.self,
  ]
}
