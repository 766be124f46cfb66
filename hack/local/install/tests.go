package install

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// minNode is the oldest major version of Node.js that discord.js and the suites' own programs work with.
const minNode = 20

// EnsureTestTools finds what only tests need, and installs what is missing as Ensure does: a C compiler, for the race
// detector; Node.js, for the suites that drive discord.js; Python with discord.py and with zstandard, which newer versions of
// discord.py read zstd-stream with; for the managed Postgres, Patroni, pgBackRest and ip; and Prometheus with promtool, for
// dashboards and alerts.
func EnsureTestTools(ctx context.Context, progress io.Writer) error {
	packages, err := missingTestTools(ctx)
	if err == nil {
		return nil
	}
	if !isDebian() || os.Geteuid() != 0 {
		return fmt.Errorf("%w\n%s", err, testAdvice(packages))
	}
	if err := aptInstall(ctx, packages, progress); err != nil {
		return err
	}
	_, err = missingTestTools(ctx)
	return err
}

func testAdvice(debianPackages []string) string {
	if isDebian() {
		return "install it as root: apt-get install " + strings.Join(debianPackages, " ")
	}
	return fmt.Sprintf("install a C compiler, Node.js %d or later with npm, Python with discord.py and zstandard, Patroni, pgBackRest, iproute2 and Prometheus", minNode)
}

// missingTestTools names the Debian packages of what is missing; the error says what it is.
func missingTestTools(ctx context.Context) (packages []string, err error) {
	var problems []error
	if _, err := exec.LookPath("gcc"); err != nil {
		packages = append(packages, "gcc", "libc6-dev")
		problems = append(problems, fmt.Errorf("no C compiler: %w", err))
	}
	if err := checkNode(ctx); err != nil {
		packages = append(packages, "nodejs")
		problems = append(problems, err)
	}
	if _, err := exec.LookPath("npm"); err != nil {
		packages = append(packages, "npm")
		problems = append(problems, fmt.Errorf("no npm: %w", err))
	}
	for _, program := range []struct{ name, debianPackage string }{
		{"patroni", "patroni"}, {"pgbackrest", "pgbackrest"}, {"ip", "iproute2"}, {"prometheus", "prometheus"},
		{"promtool", "prometheus"},
	} {
		if _, err := exec.LookPath(program.name); err != nil {
			packages = append(packages, program.debianPackage)
			problems = append(problems, fmt.Errorf("no %s: %w", program.name, err))
		}
	}
	for _, module := range []struct{ title, debianPackage, names string }{
		{"zstandard", "python3-zstandard", "compression.zstd zstandard"},
		{"discord.py", "python3-discord", "discord"},
	} {
		if !hasPython(ctx, strings.Fields(module.names)) {
			packages = append(packages, module.debianPackage)
			problems = append(problems, fmt.Errorf("no Python with %s", module.title))
		}
	}
	return slices.Compact(packages), errors.Join(problems...)
}

// hasPython says whether there is a Python with one of the modules. It looks at the system's own, too: its modules come
// with the system's packages.
func hasPython(ctx context.Context, modules []string) bool {
	for _, python := range []string{"python3", "/usr/bin/python3"} {
		for _, module := range modules {
			if exec.CommandContext(ctx, python, "-c", "import "+module).Run() == nil {
				return true
			}
		}
	}
	return false
}

var nodeVersion = regexp.MustCompile(`^v(\d+)\.`)

func checkNode(ctx context.Context) error {
	output, err := exec.CommandContext(ctx, "node", "--version").Output()
	if err != nil {
		return fmt.Errorf("no Node.js: %w", err)
	}
	match := nodeVersion.FindSubmatch(output)
	if match == nil {
		return fmt.Errorf("node --version: no version in %q", output)
	}
	if version, err := strconv.Atoi(string(match[1])); err != nil || version < minNode {
		return fmt.Errorf("the tests need Node.js %d or later, this is %s", minNode, strings.TrimSpace(string(output)))
	}
	return nil
}
