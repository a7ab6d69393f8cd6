package admission

import (
	"strings"

	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/types"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
)

// A NamespaceRead is how an expression goes by the namespace that a write is in.
type NamespaceRead struct {
	Expression string
	// Names are namespaces that it tells from others: those that it names, and kube-system
	// or one that is made up for each beginning of names; nil for none.
	Names []string
	// Open says that there may be others, as it reads more than the name, or holds that
	// against what is no constant or a pattern.
	Open bool
}

// namespaceReads are those of the expressions, without those that don't go by the namespace.
func namespaceReads(expressions ...string) (all []NamespaceRead) {
	for _, e := range expressions {
		if r, ok := namespaceRead(e); ok {
			all = append(all, r)
		}
	}
	return all
}

func namespaceRead(expression string) (NamespaceRead, bool) {
	r := NamespaceRead{Expression: expression}
	if !strings.Contains(expression, "namespace") {
		return r, false
	}
	parsed, issues := parser().Parse(expression)
	if issues.Err() != nil {
		r.Open = true
		return r, true
	}
	reads := false
	for _, e := range ast.MatchDescendants(ast.NavigateAST(parsed.NativeRep()), mayReadNamespace) {
		switch {
		case readsNamespaceName(e):
			names, closed := heldAgainst(e)
			r.Names, r.Open, reads = append(r.Names, names...), r.Open || !closed, true
		case readsMoreOfNamespace(e):
			r.Open, reads = true, true
		}
	}
	return r, reads
}

func mayReadNamespace(e ast.NavigableExpr) bool { return readsNamespaceName(e) || isNamespaceObject(e) }

const namespaceObject = "namespaceObject"

func isNamespaceObject(e ast.Expr) bool {
	return e.Kind() == ast.IdentKind && e.AsIdent() == namespaceObject
}

// readsNamespaceName reports whether e is the namespace's name: has() of it is always true.
func readsNamespaceName(e ast.NavigableExpr) bool {
	if e.Kind() == ast.SelectKind && e.AsSelect().IsTestOnly() {
		return false
	}
	of, path, ok := fieldPath(e)
	if !ok {
		return false
	}
	switch strings.Join(path, ".") {
	case "namespace":
		return of == "request"
	case "metadata.namespace":
		return of == "object" || of == "oldObject"
	case "metadata.name":
		return of == namespaceObject
	}
	return false
}

// readsMoreOfNamespace reports of namespaceObject whether more is read than the name, the
// phase, and whether there is one.
func readsMoreOfNamespace(e ast.NavigableExpr) bool {
	whole := e
	for {
		parent, ok := whole.Parent()
		if _, _, isPath := fieldPath(parent); !ok || !isPath {
			break
		}
		whole = parent
	}
	_, path, _ := fieldPath(whole)
	switch strings.Join(path, ".") {
	case "metadata.name", "status.phase":
		return false
	case "":
		other, equated := equatedWith(whole)
		return !equated || other.Kind() != ast.LiteralKind
	}
	return true
}

// heldAgainst are the names that decide what comes of e, the name of a namespace; false if
// others may.
func heldAgainst(e ast.NavigableExpr) (names []string, closed bool) {
	e = orElse(e)
	if other, equated := equatedWith(e); equated {
		name, constant := stringOf(other)
		return namespacesNamed(name), constant
	}
	parent, ok := e.Parent()
	if !ok || parent.Kind() != ast.CallKind {
		return nil, false
	}
	call := parent.AsCall()
	args := call.Args()
	switch {
	case call.FunctionName() == operators.In && args[0].ID() == e.ID() && args[1].Kind() == ast.ListKind:
		for _, element := range args[1].AsList().Elements() {
			name, constant := stringOf(element)
			if !constant {
				return nil, false
			}
			names = append(names, namespacesNamed(name)...)
		}
		return names, true
	case call.FunctionName() == "startsWith" && call.IsMemberFunction() && call.Target().ID() == e.ID() && len(args) == 1:
		prefix, constant := stringOf(args[0])
		return namespaceOf(prefix), constant
	}
	return nil, false
}

// orElse is e, or e.orValue(x), which is the same where there is a namespace.
func orElse(e ast.NavigableExpr) ast.NavigableExpr {
	parent, ok := e.Parent()
	if ok && parent.Kind() == ast.CallKind {
		if c := parent.AsCall(); c.FunctionName() == "orValue" && c.IsMemberFunction() && c.Target().ID() == e.ID() {
			return parent
		}
	}
	return e
}

// equatedWith is the other side of an equation that e is a side of.
func equatedWith(e ast.NavigableExpr) (ast.Expr, bool) {
	parent, ok := e.Parent()
	if !ok || parent.Kind() != ast.CallKind {
		return nil, false
	}
	c := parent.AsCall()
	if c.FunctionName() != operators.Equals && c.FunctionName() != operators.NotEquals {
		return nil, false
	}
	if c.Args()[0].ID() == e.ID() {
		return c.Args()[1], true
	}
	return c.Args()[0], true
}

// namespacesNamed is the name, if a namespace can have it.
func namespacesNamed(name string) []string {
	if len(validation.IsDNS1123Label(name)) > 0 {
		return nil
	}
	return []string{name}
}

// namespaceOf is a namespace whose name begins so: kube-system, which each cluster has, or
// one that is made up.
func namespaceOf(prefix string) []string {
	if strings.HasPrefix(metav1.NamespaceSystem, prefix) {
		return []string{metav1.NamespaceSystem}
	}
	return namespacesNamed(prefix + "any")
}

// fieldPath is what e reads as a path of fields from an identifier; false if it is anything
// else.
func fieldPath(e ast.Expr) (of string, path []string, ok bool) {
	switch {
	case e == nil:
		return "", nil, false
	case e.Kind() == ast.IdentKind:
		return e.AsIdent(), nil, true
	case e.Kind() == ast.SelectKind:
		of, path, ok = fieldPath(e.AsSelect().Operand())
		return of, append(path, e.AsSelect().FieldName()), ok
	case e.Kind() == ast.CallKind:
		c := e.AsCall()
		switch c.FunctionName() {
		case operators.Index, operators.OptIndex, operators.OptSelect:
		default:
			return "", nil, false
		}
		key, constant := stringOf(c.Args()[1])
		of, path, ok = fieldPath(c.Args()[0])
		return of, append(path, key), ok && constant
	}
	return "", nil, false
}

func stringOf(e ast.Expr) (string, bool) {
	if e.Kind() != ast.LiteralKind {
		return "", false
	}
	s, ok := e.AsLiteral().(types.String)
	return string(s), ok
}
