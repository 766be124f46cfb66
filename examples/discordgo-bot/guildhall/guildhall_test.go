package guildhall

import (
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"

	dg "github.com/bwmarrin/discordgo"
)

// TestUseSetsEveryAddress reads the library's own list of addresses: a new release that adds one must fail here and not
// send a bot to Discord.
func TestUseSetsEveryAddress(t *testing.T) {
	t.Parallel()
	library, err := build.Import("github.com/bwmarrin/discordgo", ".", build.FindOnly)
	if err != nil {
		t.Fatal(err)
	}
	files := token.NewFileSet()
	parse := func(name string) *ast.File {
		file, err := parser.ParseFile(files, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		return file
	}
	assigned := map[string]bool{}
	ast.Inspect(parse("guildhall.go"), func(n ast.Node) bool {
		if assignment, ok := n.(*ast.AssignStmt); ok {
			if target, ok := assignment.Lhs[0].(*ast.SelectorExpr); ok {
				assigned[target.Sel.Name] = true
			}
		}
		return true
	})
	checked := 0
	ast.Inspect(parse(filepath.Join(library.Dir, "endpoints.go")), func(n ast.Node) bool {
		variable, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		name := variable.Names[0].Name
		_, function := variable.Values[0].(*ast.FuncLit) // computed from the others at each call
		alias, isAlias := variable.Values[0].(*ast.Ident)
		if function || isAlias && !assigned[alias.Name] || name == "APIVersion" || isStatusPage(name) {
			return true
		}
		checked++
		if !assigned[name] {
			t.Errorf("Use leaves %s as it is", name)
		}
		return true
	})
	if checked < 20 {
		t.Errorf("only %d addresses were found in the library", checked)
	}
}

// isStatusPage tells the addresses of Discord's public status page, which no platform of ours has.
func isStatusPage(name string) bool {
	return name == "EndpointStatus" || strings.HasPrefix(name, "EndpointSm")
}

func TestUse(t *testing.T) {
	for _, base := range []string{"http://127.0.0.1:8080", "http://127.0.0.1:8080/"} {
		Use(base)
		if want := "http://127.0.0.1:8080/api/v9/channels/7/messages"; dg.EndpointChannelMessages("7") != want {
			t.Errorf("Use(%q): messages are at %s, want %s", base, dg.EndpointChannelMessages("7"), want)
		}
		if want := "http://127.0.0.1:8080/api/v9/gateway"; dg.EndpointGateway != want {
			t.Errorf("Use(%q): the gateway is at %s, want %s", base, dg.EndpointGateway, want)
		}
	}
}
