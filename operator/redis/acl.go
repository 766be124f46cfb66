package redis

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Accept has every node read its file of users, unless it knows the passwords of users already, and use the password towards
// its master. It returns the names of the pods that do not have these users yet: they don't answer, or Kubernetes has not
// brought them the file.
func (n *Nodes) Accept(ctx context.Context, users string) (pending []string, err error) {
	want := passwordsOf(users)
	if len(want) == 0 {
		return nil, errors.New("the file of Redis' users names none")
	}
	late := make([]bool, len(n.pods))
	each(len(n.pods), func(i int) { late[i] = n.accept(ctx, n.pods[i], want) != nil })
	for i, pod := range n.pods {
		if late[i] {
			pending = append(pending, pod.Name)
		}
	}
	return pending, nil
}

var errOtherUsers = errors.New("has other users")

func (n *Nodes) accept(ctx context.Context, pod Pod, want map[string][]string) error {
	if !pod.IP.IsValid() {
		return errNoAddress
	}
	node, err := n.at(ctx, pod.IP)
	if err != nil {
		return err
	}
	if auth, err := node.ConfigGet(ctx, "masterauth").Result(); err != nil {
		return err
	} else if auth["masterauth"] != n.password {
		if err := node.ConfigSet(ctx, "masterauth", n.password).Err(); err != nil {
			return err
		}
	}
	if n.has(ctx, pod, want) == nil {
		return nil
	}
	if err := node.Do(ctx, "ACL", "LOAD").Err(); err != nil {
		return err
	}
	return n.has(ctx, pod, want)
}

// has returns nil if the node's users have the wanted passwords and no others.
func (n *Nodes) has(ctx context.Context, pod Pod, want map[string][]string) error {
	node, err := n.at(ctx, pod.IP)
	if err != nil {
		return err
	}
	for user, passwords := range want {
		answer, err := node.Do(ctx, "ACL", "GETUSER", user).Slice()
		if err != nil {
			return fmt.Errorf("ACL GETUSER: %w", err)
		}
		if !slices.Equal(hashesIn(answer), passwords) {
			return errOtherUsers
		}
	}
	return nil
}

// passwordsOf reads the hashes of the passwords, sorted, by user.
func passwordsOf(users string) map[string][]string {
	passwords := map[string][]string{}
	for line := range strings.Lines(users) {
		fields := strings.Fields(line)
		if len(fields) < 2 || fields[0] != "user" {
			continue
		}
		hashes := []string{}
		for _, rule := range fields[2:] {
			if hash, ok := strings.CutPrefix(rule, "#"); ok {
				hashes = append(hashes, hash)
			}
		}
		slices.Sort(hashes)
		passwords[fields[1]] = hashes
	}
	return passwords
}

// hashesIn finds the passwords, sorted, in what ACL GETUSER answers: names and values by turns.
func hashesIn(answer []any) []string {
	hashes := []string{}
	for i := 0; i+1 < len(answer); i += 2 {
		if answer[i] != "passwords" {
			continue
		}
		values, _ := answer[i+1].([]any)
		for _, value := range values {
			hashes = append(hashes, fmt.Sprint(value))
		}
	}
	slices.Sort(hashes)
	return hashes
}
