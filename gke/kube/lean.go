package kube

import (
	"bytes"
	"context"
	"errors"

	"google.golang.org/protobuf/encoding/protowire"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
)

// A shape says what to leave out of a protobuf message, by the numbers of its fields: gone
// leaves out the field, another shape what that says of the message in it. All others stay.
type shape map[protowire.Number]shape

// gone is the shape of a field that is left out.
var gone = shape{}

// The shapes of what a large cluster has thousands of (k8s.io/api core/v1/generated.proto,
// k8s.io/apimachinery pkg/apis/meta/v1/generated.proto). Left out is what nothing here
// reads and what is most of them: who set which field, what containers are started with,
// the sources of volumes that hold no data, and the images on a node.
var (
	leanMeta      = shape{17: gone}
	leanContainer = shape{3: gone, 4: gone, 7: gone, 13: gone, 14: gone, 15: gone, 19: gone, 20: gone}
	leanPod       = shape{
		1: leanMeta,
		2: shape{1: shape{2: shape{6: gone, 16: gone, 19: gone, 26: gone}}, 2: leanContainer, 20: leanContainer, 14: gone, 34: gone},
		3: shape{10: gone, 13: gone},
	}
	leanNode  = shape{1: leanMeta, 3: shape{8: gone, 9: gone, 10: gone, 12: gone}}
	leanLease = shape{1: leanMeta}
)

var errBroken = errors.New("the answer breaks off, or is no protobuf")

// slim leaves out of the message what s says, in its own bytes, and returns what is left.
func (s shape) slim(message []byte) ([]byte, error) {
	out, rest := message[:0], message
	for len(rest) > 0 {
		number, kind, tag := protowire.ConsumeTag(rest)
		if tag < 0 {
			return nil, errBroken
		}
		size := protowire.ConsumeFieldValue(number, kind, rest[tag:])
		if size < 0 {
			return nil, errBroken
		}
		field := rest[:tag+size]
		rest = rest[tag+size:]
		within, named := s[number]
		switch {
		case !named || len(within) > 0 && kind != protowire.BytesType:
			out = append(out, field...)
		case len(within) > 0:
			inner, _ := protowire.ConsumeBytes(field[tag:])
			inner, err := within.slim(inner)
			if err != nil {
				return nil, err
			}
			// What is written is no longer than what was read, so that it stays behind.
			out = append(out, field[:tag]...)
			out = append(protowire.AppendVarint(out, uint64(len(inner))), inner...)
		}
	}
	return out, nil
}

// leanPage is a page whose objects can be decoded without all that they hold.
type leanPage interface {
	page
	Unmarshal([]byte) error
}

// lean is the query for a page of a resource, which decodes of each object what s leaves.
// An answer that is no protobuf of that list is decoded as a client does.
func lean[L leanPage](c rest.Interface, resource, namespace, kind string, s shape, empty func() L) func(context.Context, metav1.ListOptions) (L, error) {
	return func(ctx context.Context, o metav1.ListOptions) (L, error) {
		answer, list := c.Get().NamespaceIfScoped(namespace, namespace != "").Resource(resource).VersionedParams(&o, scheme.ParameterCodec).Do(ctx), empty()
		body, err := answer.Raw()
		if message, ok := listIn(body, kind); err == nil && ok {
			if message, err = (shape{2: s}).slim(message); err == nil {
				err = list.Unmarshal(message)
			}
			return list, err
		}
		return list, answer.Into(list)
	}
}

// magic is what Kubernetes begins protobuf with (k8s.io/apimachinery
// pkg/runtime/serializer/protobuf/protobuf.go, protoEncodingPrefix).
var magic = []byte("k8s\x00")

// listIn is the list of that kind in the body of an answer; false if there is none. It is
// wrapped in a runtime.Unknown (k8s.io/apimachinery pkg/runtime/generated.proto).
func listIn(body []byte, kind string) ([]byte, bool) {
	wrapped, ok := bytes.CutPrefix(body, magic)
	if !ok {
		return nil, false
	}
	typed, encoding := fieldOf(wrapped, 1), fieldOf(wrapped, 3)
	return fieldOf(wrapped, 2), string(fieldOf(typed, 2)) == kind && len(encoding) == 0
}

// fieldOf is the content of a field of a message; nil if it has none.
func fieldOf(message []byte, wanted protowire.Number) []byte {
	for len(message) > 0 {
		number, kind, tag := protowire.ConsumeTag(message)
		if tag < 0 {
			return nil
		}
		if number == wanted && kind == protowire.BytesType {
			content, _ := protowire.ConsumeBytes(message[tag:])
			return content
		}
		size := protowire.ConsumeFieldValue(number, kind, message[tag:])
		if size < 0 {
			return nil
		}
		message = message[tag+size:]
	}
	return nil
}
