// Package codec_test has what the gateway sends read by the decoders that clients use, in their own languages: zlib-stream
// by zlib in Node.js, Python and Go; zstd-stream by libzstd and by decoders that share nothing with it; ETF by erlpack and by
// Erlang. The programs in decoders/ take a message a line and answer with a line.
package codec_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"os"
	"os/exec"
	"testing"
	"time"

	"guildhall.chat/guildhall/test/npm"
)

// missing is the exit status of a program whose decoder is not there.
const missing = 3

// program is a decoder in another language.
type program struct {
	name    string
	node    bool       // needs the modules of decoders/
	command [][]string // the first that is there is taken
	absent  string     // why it is not tried if none is
}

var (
	nodeZlib   = node("node-zlib", "Node.js is not installed")
	nodeZstd   = node("node-zstd", "this Node.js has no zstd: 22.15 and later do")
	zlibSync   = node("zlib-sync", "Node.js is not installed")
	fzstd      = node("fzstd", "Node.js is not installed")
	erlpack    = node("erlpack", "Node.js is not installed")
	pythonZlib = python("python_zlib", "Python is not installed")
	pythonZstd = python("python_zstd", "no Python with zstandard is installed: apt-get install python3-zstandard")
	erlang     = program{
		name: "erlang", command: [][]string{{"escript", "erlang.escript"}},
		absent: "Erlang is not installed: apt-get install erlang-base",
	}
)

func node(name, absent string) program {
	return program{name: name, node: true, command: [][]string{{"node", name + ".cjs"}}, absent: absent}
}

// python tries the system's own besides the first on the PATH, for that is the one that has the system's modules.
func python(name, absent string) program {
	file := name + ".py"
	return program{name: name, command: [][]string{{"python3", file}, {"/usr/bin/python3", file}}, absent: absent}
}

// answers runs the program and returns its answer to each message. The test is skipped without its decoder.
func (p program) answers(t *testing.T, messages [][]byte) []string {
	t.Helper()
	if _, err := exec.LookPath("node"); p.node && err == nil {
		npm.Install(t, "decoders")
	}
	for _, command := range p.command {
		output, there := run(t, command, messages)
		if !there {
			continue
		}
		var answers []string
		lines := bufio.NewScanner(bytes.NewReader(output))
		lines.Buffer(nil, 8<<20)
		for lines.Scan() {
			answers = append(answers, lines.Text())
		}
		if err := lines.Err(); err != nil || len(answers) != len(messages) {
			t.Fatalf("%s answers to %d of %d messages (%v)", p.name, len(answers), len(messages), err)
		}
		return answers
	}
	t.Skip(p.absent)
	return nil
}

// run gives a command the messages and returns what it writes; false if it, or its decoder, is not installed.
func run(t *testing.T, command []string, messages [][]byte) (output []byte, there bool) {
	t.Helper()
	var input bytes.Buffer
	for _, message := range messages {
		input.WriteString(base64.StdEncoding.EncodeToString(message) + "\n")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Dir = "decoders"
	cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
	cmd.Stdin = &input
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	output, err := cmd.Output()
	var exit *exec.ExitError
	switch {
	case errors.Is(err, exec.ErrNotFound), errors.As(err, &exit) && exit.ExitCode() == missing:
		return nil, false
	case err != nil:
		t.Fatalf("%q: %v\n%s", command, err, complaints.Bytes())
	}
	return output, true
}
