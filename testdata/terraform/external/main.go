// Command terraform-provider-external stands for the provider of that name, which no
// module proxy has: the external data source alone, by its documented protocol. It
// exists so that a real OpenTofu can plan the module in docs/terraform.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

func main() {
	err := providerserver.Serve(context.Background(), func() provider.Provider { return external{} }, providerserver.ServeOpts{Address: "example.test/hashicorp/external"})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

type external struct{}

func (external) Metadata(_ context.Context, _ provider.MetadataRequest, r *provider.MetadataResponse) {
	r.TypeName = "external"
}
func (external) Schema(context.Context, provider.SchemaRequest, *provider.SchemaResponse)          {}
func (external) Configure(context.Context, provider.ConfigureRequest, *provider.ConfigureResponse) {}
func (external) Resources(context.Context) []func() resource.Resource                              { return nil }
func (external) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{func() datasource.DataSource { return source{} }}
}

type source struct{}

func (source) Metadata(_ context.Context, _ datasource.MetadataRequest, r *datasource.MetadataResponse) {
	r.TypeName = "external"
}

func (source) Schema(_ context.Context, _ datasource.SchemaRequest, r *datasource.SchemaResponse) {
	r.Schema = schema.Schema{Attributes: map[string]schema.Attribute{
		"program":     schema.ListAttribute{ElementType: types.StringType, Required: true},
		"working_dir": schema.StringAttribute{Optional: true},
		"query":       schema.MapAttribute{ElementType: types.StringType, Optional: true},
		"result":      schema.MapAttribute{ElementType: types.StringType, Computed: true},
		"id":          schema.StringAttribute{Computed: true},
	}}
}

type model struct {
	Program    []string           `tfsdk:"program"`
	WorkingDir types.String       `tfsdk:"working_dir"`
	Query      map[string]*string `tfsdk:"query"`
	Result     map[string]string  `tfsdk:"result"`
	ID         types.String       `tfsdk:"id"`
}

// Read passes the query on standard input, without what is null, and takes one flat
// object of strings from standard output. Standard error is shown if the program fails.
func (source) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var m model
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	query := map[string]string{}
	for key, value := range m.Query {
		if value != nil {
			query[key] = *value
		}
	}
	in, err := json.Marshal(query)
	if err != nil {
		resp.Diagnostics.AddError("Query", err.Error())
		return
	}
	var stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, m.Program[0], m.Program[1:]...)
	cmd.Dir, cmd.Stdin, cmd.Stderr = m.WorkingDir.ValueString(), bytes.NewReader(in), &stderr
	out, err := cmd.Output()
	if err != nil {
		resp.Diagnostics.AddError("External Program Execution Failed", fmt.Sprintf("%v\n%s", err, stderr.String()))
		return
	}
	if err := json.Unmarshal(out, &m.Result); err != nil {
		resp.Diagnostics.AddError("Unexpected External Program Results", err.Error())
		return
	}
	m.ID = types.StringValue("-")
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}
