package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/gke-preflight/gke-preflight/preflight/removals"
)

// A module is what one version of a module says of its APIs.
type module struct {
	path, version string
	apis          []removals.API
}

// line is the minor of Kubernetes that the module belongs to, such as 1.36.
func (m module) line() string { return "1." + strings.Split(m.version, ".")[1] }

// notServed are groups whose kinds are exchanged with others than clients of an
// API server, or are no resources.
var notServed = []string{"admission.k8s.io", "apidiscovery.k8s.io", "imagepolicy.k8s.io"}

const lifecycleFile = "zz_generated.prerelease-lifecycle.go"

// readModule reads the directories of a module that hold the types of a version.
func readModule(path, version, dir string) (module, error) {
	m := module{path: path, version: version}
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if d != nil && d.Name() == "examples" {
			return fs.SkipDir
		}
		if err != nil || !d.IsDir() || !versionName.MatchString(d.Name()) {
			return err
		}
		sub, err := filepath.Rel(dir, p)
		if err != nil {
			return err
		}
		found, err := readPackage(p)
		for i := range found {
			found[i].Origin = path + "@" + version + "/" + filepath.ToSlash(sub)
		}
		m.apis = append(m.apis, found...)
		return err
	})
	if err == nil && len(m.apis) == 0 {
		err = fmt.Errorf("%s@%s holds no API", path, version)
	}
	return m, err
}

var (
	versionName = regexp.MustCompile(`^v[0-9]+((alpha|beta)[0-9]+)?$`)
	groupName   = regexp.MustCompile(`(?m)^(?:const |\t)?GroupName\s*=\s*"(.*)"$`)
)

func readPackage(dir string) ([]removals.API, error) {
	register, err := os.ReadFile(filepath.Join(dir, "register.go"))
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	m := groupName.FindSubmatch(register)
	if m == nil {
		return nil, fmt.Errorf("%s/register.go names no group", dir)
	}
	group := string(m[1])
	if slices.Contains(notServed, group) {
		return nil, nil
	}
	lives, err := lifecycles(filepath.Join(dir, lifecycleFile))
	if err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(dir, "*types*.go"))
	if err != nil {
		return nil, err
	}
	var out []removals.API
	for _, file := range files {
		kinds, err := kindsOf(file)
		if err != nil {
			return nil, err
		}
		for _, k := range kinds {
			out = append(out, lives[k.name].api(group, filepath.Base(dir), k))
		}
	}
	return out, nil
}

// A kind is a type that has a client of its own: a resource.
type kind struct {
	name       string
	namespaced bool
}

// kindsOf returns the types of a file that the tag +genclient stands before, but
// those of subresources alone.
func kindsOf(file string) ([]kind, error) {
	tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	var out []kind
	before := tree.Name.End()
	for _, d := range tree.Decls {
		tags := ""
		for _, c := range tree.Comments {
			if c.Pos() > before && c.End() < d.Pos() {
				for _, l := range c.List {
					tags += l.Text + "\n"
				}
			}
		}
		before = d.End()
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.TYPE || !genclient.MatchString(tags) || strings.Contains(tags, "+genclient:noVerbs") {
			continue
		}
		out = append(out, kind{g.Specs[0].(*ast.TypeSpec).Name.Name, !strings.Contains(tags, "+genclient:nonNamespaced")})
	}
	return out, nil
}

var genclient = regexp.MustCompile(`(?m)^// ?\+genclient$`)

// A lifecycle is what the generated methods of a type return.
type lifecycle struct{ introduced, deprecated, removed, replacement string }

func (l lifecycle) api(group, version string, k kind) removals.API {
	return removals.API{Group: group, Version: version, Kind: k.name, Resource: plural(k.name), Namespaced: k.namespaced,
		Introduced: l.introduced, Deprecated: l.deprecated, Removed: l.removed, Replacement: l.replacement}
}

// plural guesses as upstream does; kinds that are plural already are as upstream
// names them (k8s.io/kubernetes hack/update-codegen.sh, plural_exceptions).
func plural(kind string) string {
	if strings.HasSuffix(kind, "Parameters") {
		return strings.ToLower(kind)
	}
	guess, _ := meta.UnsafeGuessKindToResource(schema.GroupVersionKind{Kind: kind})
	return guess.Resource
}

// lifecycles reads the generated file, by the name of the type; none if there is
// no such file.
func lifecycles(file string) (map[string]lifecycle, error) {
	tree, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	out := map[string]lifecycle{}
	for _, d := range tree.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Recv == nil {
			continue
		}
		name := f.Recv.List[0].Type.(*ast.StarExpr).X.(*ast.Ident).Name
		l := out[name]
		if err := l.read(f); err != nil {
			return nil, fmt.Errorf("%s: %s of %s: %w", file, f.Name.Name, name, err)
		}
		out[name] = l
	}
	return out, nil
}

func (l *lifecycle) read(f *ast.FuncDecl) error {
	field := map[string]*string{"APILifecycleIntroduced": &l.introduced, "APILifecycleDeprecated": &l.deprecated, "APILifecycleRemoved": &l.removed}[f.Name.Name]
	results := f.Body.List[len(f.Body.List)-1].(*ast.ReturnStmt).Results
	if f.Name.Name == "APILifecycleReplacement" {
		return l.readReplacement(results)
	}
	if field == nil || len(results) != 2 {
		return fmt.Errorf("a method that this program does not know")
	}
	major, minor := results[0].(*ast.BasicLit), results[1].(*ast.BasicLit)
	*field = major.Value + "." + minor.Value
	return nil
}

func (l *lifecycle) readReplacement(results []ast.Expr) error {
	var parts []string
	for _, e := range results[0].(*ast.CompositeLit).Elts {
		value, err := strconv.Unquote(e.(*ast.KeyValueExpr).Value.(*ast.BasicLit).Value)
		if err != nil {
			return err
		}
		parts = append(parts, value)
	}
	// networking.k8s.io/v1beta1 names IngressClassList for IngressClass.
	l.replacement = strings.TrimSuffix(strings.Join(parts, "/"), "List")
	return nil
}
