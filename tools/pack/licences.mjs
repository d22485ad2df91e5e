export const licences = async () => 'x';
