@main enum VMSieve { static func main() {} }
