// Package imagecheck holds what can be known of the container image without an engine to build it: that the Dockerfile
// copies what make build makes, that these binaries need nothing else to run, and that they run as an ordinary user.
package imagecheck

import (
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const root = "../.."

// built is where the Dockerfile's first stage puts the binaries.
const built = "/out"

// instructions returns the Dockerfile's instructions as words, the first in upper case.
func instructions(t *testing.T) (all [][]string) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(content)) {
		words := strings.Fields(line)
		if len(words) > 0 && !strings.HasPrefix(words[0], "#") {
			all = append(all, words)
		}
	}
	return all
}

// finalStage returns the instructions of the stage that becomes the image.
func finalStage(t *testing.T) [][]string {
	t.Helper()
	all := instructions(t)
	for i, words := range slices.Backward(all) {
		if words[0] == "FROM" {
			return all[i:]
		}
	}
	t.Fatal("no FROM")
	return nil
}

func TestImageIsEmptyButForWhatIsCopied(t *testing.T) {
	t.Parallel()
	stage := finalStage(t)
	if base := stage[0][1]; base != "scratch" {
		t.Errorf("based on %s: a shell and a package manager are of use only to an intruder", base)
	}
	var user string
	for _, words := range stage {
		if words[0] == "USER" {
			user = words[1]
		}
	}
	uid, _, _ := strings.Cut(user, ":")
	// A number, since the kubelet can't check runAsNonRoot by name.
	if id, err := strconv.Atoi(uid); err != nil || id == 0 {
		t.Errorf("USER %q: want a number that isn't 0", user)
	}
}

func TestCopiedSourcesAreInTheRepository(t *testing.T) {
	t.Parallel()
	for _, words := range instructions(t) {
		if words[0] != "COPY" || strings.HasPrefix(words[1], "--from=") {
			continue
		}
		for _, source := range words[1 : len(words)-1] {
			if _, err := os.Stat(filepath.Join(root, source)); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestCopiedBinariesAreMadeAndStatic(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("make build makes binaries of this system, the image holds those of Linux")
	}
	dir := t.TempDir()
	build := []string{"make", "build", "BIN=" + built}
	if !slices.ContainsFunc(instructions(t), func(words []string) bool { return slices.Equal(words[1:], build) }) {
		t.Fatalf("the Dockerfile does not RUN %v", build)
	}
	cmd := exec.CommandContext(t.Context(), "make", "build", "BIN="+dir)
	cmd.Dir = root
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	var binaries []string
	for _, words := range finalStage(t) {
		for _, word := range words[1:] {
			if name, ok := strings.CutPrefix(word, built+"/"); ok {
				binaries = append(binaries, name)
			}
		}
	}
	for _, want := range []string{"api", "gateway", "shard-router", "operator"} {
		if !slices.Contains(binaries, want) {
			t.Errorf("the image lacks %s", want)
		}
	}
	for _, name := range binaries {
		binary, err := elf.Open(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, program := range binary.Progs {
			if program.Type == elf.PT_INTERP {
				t.Errorf("%s needs a dynamic linker, which the image lacks", name)
			}
		}
		if err := binary.Close(); err != nil {
			t.Error(err)
		}
	}
}
