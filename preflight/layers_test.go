package preflight

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/gke-preflight/gke-preflight/"

// effects are packages by which a file, a socket, a process or randomness could
// get into what must be a pure function of the snapshot.
var effects = []string{
	"crypto/rand", "io/ioutil", "log", "math/rand", "math/rand/v2", "net", "net/http", "os", "os/exec", "os/signal", "path/filepath", "syscall",
	"golang.org/x/sync/errgroup", "k8s.io/client-go/kubernetes", "k8s.io/client-go/rest", "k8s.io/client-go/dynamic", "cloud.google.com/go/container/apiv1",
}

// TestLayers keeps the rule that all I/O is in cmd and gke: a report computed
// twice from one recording is the same.
func TestLayers(t *testing.T) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports,Dir,GoFiles", module+"preflight/...", module+"checks/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	packages := 0
	for dec := json.NewDecoder(bytes.NewReader(out)); ; packages++ {
		var p struct {
			ImportPath, Dir  string
			Imports, GoFiles []string
		}
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		for _, i := range p.Imports {
			if slices.Contains(effects, i) || strings.HasPrefix(i, module+"gke") || strings.HasPrefix(i, module+"cmd") {
				t.Errorf("%s imports %s", p.ImportPath, i)
			}
		}
		for _, f := range p.GoFiles {
			isPure(t, filepath.Join(p.Dir, f))
		}
	}
	if packages < 8 {
		t.Errorf("looked at %d packages only", packages)
	}
}

// isPure holds that a file reads no clock, and that it starts nothing that runs beside
// it: the race detector is kept to where that is done.
func isPure(t *testing.T, file string) {
	t.Helper()
	fset := token.NewFileSet()
	tree, err := parser.ParseFile(fset, file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(tree, func(n ast.Node) bool {
		if _, ok := n.(*ast.GoStmt); ok {
			t.Errorf("%s starts a goroutine", fset.Position(n.Pos()))
		}
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok && x.Name == "time" && slices.Contains([]string{"Now", "Since", "Until", "After", "Tick", "Sleep", "NewTimer", "NewTicker", "AfterFunc"}, s.Sel.Name) {
				t.Errorf("%s reads the clock: time.%s", fset.Position(s.Pos()), s.Sel.Name)
			}
		}
		return true
	})
}
