# A stand-in for as much of Homebrew as the formula uses: it holds an archive against the
# formula, installs it below a prefix, and runs the formula's test.
#
#   ruby homebrew.rb FORMULA ARCHIVE PREFIX
#
# What it prints is the URL and the SHA-256 that the formula has for this system.
require "digest"
require "fileutils"
require "open3"
require "pathname"
require "tmpdir"

module OS
  def self.mac? = false
  def self.linux? = true
end

module Hardware
  module CPU
    def self.arm? = RUBY_PLATFORM.match?(/aarch64|arm64/)
    def self.intel? = RUBY_PLATFORM.match?(/x86_64/)
    def self.is_64_bit? = true
  end
end

# What Homebrew adds to a path.
class Pathname
  def install(*files)
    mkpath
    files.each do |file|
      raise "there is no #{file} in the archive" unless File.exist?(file)

      FileUtils.mv(file, self)
    end
  end

  def install_symlink(links)
    mkpath
    links.each do |source, as|
      raise "there is no #{source}" unless Pathname(source).exist?

      (self/as).make_symlink(Pathname(source).relative_path_from(self))
    end
  end
end

class Formula
  class << self
    attr_reader :tested

    %i[desc homepage license version url sha256].each do |field|
      define_method(field) do |value = nil|
        value ? instance_variable_set("@#{field}", value) : instance_variable_get("@#{field}")
      end
    end

    def depends_on(*); end
    def on_macos; end
    def on_linux = yield
    def test(&block) = @tested = block
  end

  attr_reader :prefix

  def initialize(prefix) = @prefix = Pathname(prefix)
  def bin = prefix/"bin"
  def version = self.class.version

  def generate_completions_from_executable(*command)
    { "bash" => "etc/bash_completion.d/%s", "zsh" => "share/zsh/site-functions/_%s", "fish" => "share/fish/vendor_completions.d/%s.fish" }.each do |shell, place|
      file = prefix/format(place, File.basename(command.first))
      file.dirname.mkpath
      file.write(shell_output([*command, shell].join(" ")))
    end
  end

  def shell_output(command, code = 0)
    out, _, status = Open3.capture3(command)
    raise "#{command} exits #{status.exitstatus}" unless status.exitstatus == code

    out
  end

  def assert_match(want, text)
    raise "no #{want} in #{text}" unless text.include?(want)
  end
end

formula, archive, prefix = ARGV.map { |file| File.expand_path(file) }
require formula
gke = GkePreflight
raise "the archive is another one" unless gke.sha256 == Digest::SHA256.file(archive).hexdigest

Dir.mktmpdir do |dir|
  Dir.chdir(dir) do
    system("tar", "-xzf", archive, exception: true)
    installed = gke.new(prefix)
    installed.install
    installed.instance_eval(&gke.tested)
  end
end
puts "#{gke.url} #{gke.sha256}"
