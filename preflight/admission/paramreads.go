package admission

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apiserver/pkg/cel/environment"
)

// A ParamReads says which parts of their params expressions read: paths of fields from
// the top, each of which stands for all that is below it. It is found in their syntax:
// where a key is not a constant, all that it could be counts as read.
type ParamReads [][]string

// ParamReadsOf is what the expressions of a policy read of its params.
func ParamReadsOf(policy admissionregistrationv1.ValidatingAdmissionPolicySpec) ParamReads {
	var all []string
	for _, c := range policy.MatchConditions {
		all = append(all, c.Expression)
	}
	for _, v := range policy.Variables {
		all = append(all, v.Expression)
	}
	for _, v := range policy.Validations {
		all = append(all, v.Expression, v.MessageExpression)
	}
	for _, a := range policy.AuditAnnotations {
		all = append(all, a.ValueExpression)
	}
	return paramReads(all...)
}

// ParamReadsOfMutating is ParamReadsOf for the other kind of policies.
func ParamReadsOfMutating(policy admissionregistrationv1.MutatingAdmissionPolicySpec) ParamReads {
	var all []string
	for _, c := range policy.MatchConditions {
		all = append(all, c.Expression)
	}
	for _, v := range policy.Variables {
		all = append(all, v.Expression)
	}
	for _, m := range policy.Mutations {
		if m.ApplyConfiguration != nil {
			all = append(all, m.ApplyConfiguration.Expression)
		}
		if m.JSONPatch != nil {
			all = append(all, m.JSONPatch.Expression)
		}
	}
	return paramReads(all...)
}

// readParamsOf reads what [ParamReads.Pointers] has written.
func readParamsOf(pointers []string) ParamReads {
	var all ParamReads
	for _, p := range pointers {
		var path []string
		if p != "" {
			for part := range strings.SplitSeq(p[1:], "/") {
				path = append(path, unescaped.Replace(part))
			}
		}
		all = append(all, path)
	}
	return all
}

var escaped, unescaped = strings.NewReplacer("~", "~0", "/", "~1"), strings.NewReplacer("~1", "/", "~0", "~")

// Pointers are the paths as JSON Pointers, in order and without those that others hold;
// never nil. The empty one stands for the whole object.
func (r ParamReads) Pointers() []string {
	sorted := slices.SortedFunc(slices.Values(r), func(a, b []string) int { return slices.Compare(a, b) })
	out := []string{}
	var last []string
	for i, path := range sorted {
		if i > 0 && startsWith(path, last) {
			continue
		}
		last = path
		var b strings.Builder
		for _, part := range path {
			b.WriteString("/" + escaped.Replace(part))
		}
		out = append(out, b.String())
	}
	return out
}

// identifying is what is always kept of params: what bindings select them by.
var identifying = ParamReads{{"apiVersion"}, {"kind"}, {"metadata", "name"}, {"metadata", "namespace"}, {"metadata", "labels"}}

// Keep returns what is read of an object, and what identifies it. What holds something
// that is read stays, if it is there, even if the rest of it is not read.
func (r ParamReads) Keep(object map[string]any) map[string]any {
	out := map[string]any{}
	for _, path := range slices.Concat(identifying, r) {
		if len(path) == 0 {
			return object
		}
		keep(out, object, path)
	}
	return out
}

func keep(to, from map[string]any, path []string) {
	value, ok := from[path[0]]
	if !ok {
		return
	}
	below, isMap := value.(map[string]any)
	if len(path) == 1 || !isMap {
		to[path[0]] = value
		return
	}
	kept, ok := to[path[0]].(map[string]any)
	if ok {
		// It may be the object's own, by a shorter path.
		kept = maps.Clone(kept)
	} else {
		kept = map[string]any{}
	}
	to[path[0]] = kept
	keep(kept, below, path[1:])
}

// missing returns a path that r holds and kept does not; nil if there is none.
func (r ParamReads) missing(kept ParamReads) []string {
	for _, path := range r {
		has := func(k []string) bool { return startsWith(path, k) }
		if !slices.ContainsFunc(kept, has) && !slices.ContainsFunc(identifying, has) {
			return append([]string{"params"}, path...)
		}
	}
	return nil
}

func startsWith(path, beginning []string) bool {
	return len(path) >= len(beginning) && slices.Equal(path[:len(beginning)], beginning)
}

// paramsIdentifier is what expressions call the params
// (k8s.io/apiserver pkg/admission/plugin/cel/compile.go, ParamsVarName).
const paramsIdentifier = "params"

var parser = sync.OnceValue(func() *cel.Env {
	return environment.MustBaseEnvSet(environment.DefaultCompatibilityVersion()).StoredExpressionsEnv()
})

func paramReads(expressions ...string) ParamReads {
	var r ParamReads
	for _, e := range expressions {
		if !strings.Contains(e, paramsIdentifier) {
			continue
		}
		parsed, issues := parser().Parse(e)
		if issues.Err() != nil {
			return ParamReads{nil}
		}
		r.visit(parsed.NativeRep().Expr())
	}
	return r
}

// visit notes what an expression reads of the params.
func (r *ParamReads) visit(e ast.Expr) {
	if path, ok := paramPath(e); ok {
		*r = append(*r, path)
		return
	}
	switch e.Kind() {
	case ast.SelectKind:
		r.visit(e.AsSelect().Operand())
	case ast.CallKind:
		r.visitCall(e.AsCall())
	case ast.ListKind:
		r.visitAll(e.AsList().Elements())
	case ast.MapKind:
		for _, entry := range e.AsMap().Entries() {
			r.visitAll([]ast.Expr{entry.AsMapEntry().Key(), entry.AsMapEntry().Value()})
		}
	case ast.StructKind:
		for _, field := range e.AsStruct().Fields() {
			r.visit(field.AsStructField().Value())
		}
	case ast.ComprehensionKind:
		c := e.AsComprehension()
		r.visitAll([]ast.Expr{c.IterRange(), c.AccuInit(), c.LoopCondition(), c.LoopStep(), c.Result()})
	}
}

func (r *ParamReads) visitAll(all []ast.Expr) {
	for _, e := range all {
		r.visit(e)
	}
}

// visitCall notes of 'key' in params.data no more than the key.
func (r *ParamReads) visitCall(c ast.CallExpr) {
	if args := c.Args(); c.FunctionName() == operators.In && len(args) == 2 {
		key, constant := stringOf(args[0])
		if path, ok := paramPath(args[1]); ok && constant {
			*r = append(*r, append(slices.Clone(path), key))
			return
		}
	}
	if c.IsMemberFunction() {
		r.visit(c.Target())
	}
	r.visitAll(c.Args())
}

// paramPath is the path of fields from the params, if that is all that e is.
func paramPath(e ast.Expr) ([]string, bool) {
	of, path, ok := fieldPath(e)
	return path, ok && of == paramsIdentifier
}
