package images

import "path/filepath"

// postgresVersion is Debian 12's. The image that the Dockerfile makes has a newer one.
const postgresVersion = "15"

// postgresImage is PostgreSQL run by Patroni, with pgBackRest for its backups.
func postgresImage() debian {
	bin := "/usr/lib/postgresql/" + postgresVersion + "/bin"
	links := map[string]string{}
	for _, program := range []string{
		"initdb", "pg_basebackup", "pg_checksums", "pg_controldata", "pg_ctl", "pg_dump", "pg_isready", "pg_receivewal", "pg_restore",
		"pg_rewind", "pg_verifybackup", "pg_waldump", "postgres", "psql",
	} {
		links[filepath.Join("usr/local/bin", program)] = filepath.Join(bin, program)
	}
	return debian{
		Packages: []string{
			"postgresql-" + postgresVersion, "patroni", "pgbackrest", "python3-pysyncobj", "python3-psycopg2",
			"coreutils", "curl", "ca-certificates", "dash", "findutils", "grep", "gzip", "libc-bin", "procps", "sed", "tar", "zstd",
		},
		Unneeded: []string{"libllvm*"},
		Remove: []string{
			"usr/lib/postgresql/*/lib/llvmjit*", "usr/lib/postgresql/*/lib/bitcode", "usr/lib/python3/dist-packages/*/tests",
			"usr/share/postgresql/*/man",
		},
		Links:         links,
		Users:         []string{"postgres:x:70:70:postgres:/var/lib/postgresql:/bin/sh"},
		CompilePython: true,
	}
}
