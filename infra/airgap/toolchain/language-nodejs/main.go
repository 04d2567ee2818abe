// Command pulumi-language-nodejs runs Node.js programs for the Pulumi engine. It is for sites that reach package registries
// but not Pulumi's download site, and does what Stackyard needs of the published one: it starts the Node.js SDK's own runner
// with the engine's addresses, and reports how that ended. It installs nothing and generates nothing.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
)

const version = "3.255.0"

// The exit code by which the Node.js SDK says that it has already told the user what went wrong.
const exitCodeReported = 32

// How long an interrupted program has to end by itself; as the published host has it.
const interruptGrace = 5 * time.Second

type host struct {
	pulumirpc.UnimplementedLanguageRuntimeServer
	engine string
	// Ends when the engine is gone, however it went.
	alive context.Context
	// Ends on Ctrl-C, of which the engine tells its plugins: they are in process groups of their own.
	wanted context.Context
	cancel context.CancelFunc
}

func (h *host) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	h.cancel()
	return &emptypb.Empty{}, nil
}

func (h *host) Handshake(
	_ context.Context, request *pulumirpc.LanguageHandshakeRequest,
) (*pulumirpc.LanguageHandshakeResponse, error) {
	h.engine = request.EngineAddress
	return &pulumirpc.LanguageHandshakeResponse{}, nil
}

func (h *host) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: version}, nil
}

func (h *host) GetRequiredPlugins(
	context.Context, *pulumirpc.GetRequiredPluginsRequest,
) (*pulumirpc.GetRequiredPluginsResponse, error) {
	return &pulumirpc.GetRequiredPluginsResponse{}, nil
}

func (h *host) GetRequiredPackages(
	context.Context, *pulumirpc.GetRequiredPackagesRequest,
) (*pulumirpc.GetRequiredPackagesResponse, error) {
	return &pulumirpc.GetRequiredPackagesResponse{}, nil
}

func (h *host) About(context.Context, *pulumirpc.AboutRequest) (*pulumirpc.AboutResponse, error) {
	node, err := exec.LookPath("node")
	if err != nil {
		return nil, err
	}
	out, err := exec.Command(node, "--version").Output()
	if err != nil {
		return nil, err
	}
	return &pulumirpc.AboutResponse{Executable: node, Version: strings.TrimSpace(string(out))}, nil
}

func (h *host) Run(ctx context.Context, request *pulumirpc.RunRequest) (*pulumirpc.RunResponse, error) {
	program := request.Info
	runner, err := findRunner(program.ProgramDirectory)
	if err != nil {
		return &pulumirpc.RunResponse{Error: err.Error()}, nil
	}
	options := program.Options.AsMap()
	args := []string{}
	if nodeArgs, ok := options["nodeargs"].(string); ok {
		args = append(args, strings.Fields(nodeArgs)...)
	}
	args = append(args, runner,
		"--monitor", request.MonitorAddress,
		"--engine", h.engine,
		"--project", request.Project,
		"--stack", request.Stack,
		"--pwd", request.Pwd,
		"--organization", request.Organization,
		"--root-directory", program.RootDirectory,
		"--parallel", strconv.Itoa(int(request.Parallel)),
	)
	if request.DryRun {
		args = append(args, "--dry-run")
	}
	args = append(args, program.EntryPoint)
	args = append(args, request.Args...)

	config, err := json.Marshal(request.Config)
	if err != nil {
		return nil, err
	}
	secretKeys, err := json.Marshal(request.ConfigSecretKeys)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	defer context.AfterFunc(h.alive, stop)()
	defer context.AfterFunc(h.wanted, stop)()
	// The program dies with this host, so that a killed update leaves no hook running behind it. Linux ties that to the
	// thread that started the program, so the thread has to last as long as the program.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd := exec.CommandContext(ctx, "node", args...)
	cmd.Cancel = func() error {
		if h.alive.Err() == nil {
			return cmd.Process.Signal(os.Interrupt)
		}
		return cmd.Process.Kill()
	}
	cmd.WaitDelay = interruptGrace
	cmd.Dir = request.Pwd
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = dieWithHost()
	cmd.Env = append(os.Environ(),
		"PULUMI_CONFIG="+string(config),
		"PULUMI_CONFIG_SECRET_KEYS="+string(secretKeys),
	)
	if options["typescript"] != false {
		cmd.Env = append(cmd.Env, "PULUMI_NODEJS_TYPESCRIPT=true")
	}
	if err := cmd.Run(); err != nil {
		var exit *exec.ExitError
		switch {
		case !errors.As(err, &exit):
			return &pulumirpc.RunResponse{Error: fmt.Sprintf("could not start the program: %v", err)}, nil
		case exit.ExitCode() == exitCodeReported:
			return &pulumirpc.RunResponse{Bail: true}, nil
		default:
			return &pulumirpc.RunResponse{Error: fmt.Sprintf("the program ended with %v", exit)}, nil
		}
	}
	return &pulumirpc.RunResponse{}, nil
}

// findRunner looks for the Node.js SDK's runner in the program's folder and above it, as Node.js itself looks for packages.
func findRunner(dir string) (string, error) {
	for at := dir; ; at = filepath.Dir(at) {
		runner := filepath.Join(at, "node_modules", "@pulumi", "pulumi", "cmd", "run")
		if _, err := os.Stat(runner); err == nil {
			return runner, nil
		}
		if at == filepath.Dir(at) {
			return "", fmt.Errorf("@pulumi/pulumi is not installed in %s: run `npm ci` there", dir)
		}
	}
}

// whileEngineLives ends when the engine closes the pipe that it holds on every plugin's standard input. The kernel closes it
// for an engine that was killed as well, which could not have said goodbye.
func whileEngineLives() context.Context {
	if stdin, err := os.Stdin.Stat(); err != nil || stdin.Mode()&os.ModeNamedPipe == 0 {
		return context.Background()
	}
	alive, gone := context.WithCancel(context.Background())
	go func() {
		defer gone()
		_, _ = io.Copy(io.Discard, os.Stdin)
	}()
	return alive
}

func main() {
	// The engine passes flags of its own (tracing, root, …) before its address; none matters here.
	flags := flag.NewFlagSet("pulumi-language-nodejs", flag.ContinueOnError)
	for _, name := range []string{"tracing", "root", "packagemanager"} {
		flags.String(name, "", "ignored")
	}
	if err := flags.Parse(os.Args[1:]); err != nil {
		os.Exit(2)
	}
	server := &host{engine: flags.Arg(0), alive: whileEngineLives()}
	server.wanted, server.cancel = context.WithCancel(context.Background())
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Init: func(s *grpc.Server) error {
			pulumirpc.RegisterLanguageRuntimeServer(s, server)
			return nil
		},
		Options: rpcutil.OpenTracingServerInterceptorOptions(nil),
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(handle.Port)
	select {
	case err := <-handle.Done:
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	case <-server.alive.Done():
		// Nobody is left to answer; a moment for the programs to be gone where they do not die with this host.
		time.Sleep(100 * time.Millisecond)
	}
}
